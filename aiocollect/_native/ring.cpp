// The ring: calls from any thread, in order, within a budget. How they leave it is in drain.cpp.

#include <new>

#include "ring.hpp"

namespace aiocollect {
namespace {

int ring_init(PyObject* self, PyObject* args, PyObject* kwargs) {
    static const char* keys[] = {"slots", "budget", nullptr};
    long long slots, budget;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "L$L", const_cast<char**>(keys), &slots, &budget)) {
        return -1;
    }
    Ring* ring = self_as<Ring>(self);
    ring->slots = slots;
    ring->budget = budget;
    if (!ring->arena) {
        ring->arena = new (std::nothrow) Arena;
        ring->moments = new (std::nothrow) Moments;
    }
    if (!ring->arena || !ring->moments) {
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}

PyObject* ring_put(PyObject* self, PyObject* const* args, Py_ssize_t count) {
    if (count != 4 || !Py_IS_TYPE(args[3], account_type)) {
        PyErr_SetString(PyExc_TypeError, "put() takes a call, its rows, its cost and its account");
        return nullptr;
    }
    Ring* ring = self_as<Ring>(self);
    Account* account = self_as<Account>(args[3]);
    const long long rows = PyLong_AsLongLong(args[1]), cost = PyLong_AsLongLong(args[2]);
    if ((rows == -1 || cost == -1) && PyErr_Occurred()) {
        return nullptr;
    }
    const long verdict = room(ring, account, cost);
    if (verdict == kAccepted) {
        Record* record = ring->arena->reserve(sizeof(PyObject*));
        if (!record) {
            return PyErr_NoMemory();
        }
        record->kind = Kind::kObject;
        record->rows = static_cast<uint32_t>(rows);
        record->cost = cost;
        record->origin = nullptr;
        PyObject* call = Py_NewRef(args[0]);
        std::memcpy(record->cells(), &call, sizeof call);
        ring->arena->commit(record);
        charge(ring, account, cost);
        ring->put += 1;
        ring->more += rows - 1;
    }
    return PyLong_FromLong(verdict);
}

PyObject* ring_charge(PyObject* self, PyObject* const* args, Py_ssize_t count) {
    if (count != 2 || !Py_IS_TYPE(args[1], account_type)) {
        PyErr_SetString(PyExc_TypeError, "charge() takes a cost and an account");
        return nullptr;
    }
    const long long cost = PyLong_AsLongLong(args[0]);
    if (cost == -1 && PyErr_Occurred()) {
        return nullptr;
    }
    charge(self_as<Ring>(self), self_as<Account>(args[1]), cost);
    Py_RETURN_NONE;
}

void ring_empty(Ring* ring) {
    // What is held is let go of last, since that may run anybody's code.
    std::vector<PyObject*> calls;
    std::vector<Origin*> origins;
    ring->arena->each([&](Record* record) {
        if (record->kind == Kind::kObject) {
            PyObject* call;
            std::memcpy(&call, record->cells(), sizeof call);
            calls.push_back(call);
        } else {
            origins.push_back(static_cast<Origin*>(record->origin));
        }
    });
    ring->arena->clear();
    for (PyObject* call : calls) {
        Py_DECREF(call);
    }
    for (Origin* origin : origins) {
        let_go(origin);
    }
}

// In a forked child a drain of another thread may have been under way: what it was reading is
// dropped with the rest.
int ring_begin(Ring* ring, PyObject* accounts) {
    if (is_read(ring)) {
        return -1;
    }
    ring_empty(ring);
    ring->put = ring->taken = ring->more = 0;
    ring->used = ring->over = ring->shares = 0;
    PyObject* all = PySequence_List(accounts);
    if (!all) {
        return -1;
    }
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(all); ++i) {
        Account* account = self_as<Account>(PyList_GET_ITEM(all, i));
        account->used = 0;
        ring->shares += account->share;
    }
    Py_DECREF(all);
    return 0;
}

PyObject* ring_clear_all(PyObject* self, PyObject* accounts) {
    if (ring_begin(self_as<Ring>(self), accounts) < 0) {
        return nullptr;
    }
    Py_RETURN_NONE;
}

PyObject* ring_open_again(PyObject* self, PyObject* args, PyObject* kwargs) {
    static const char* keys[] = {"accounts", "budget", nullptr};
    PyObject* accounts;
    long long budget;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O$L", const_cast<char**>(keys), &accounts, &budget)) {
        return nullptr;
    }
    if (ring_begin(self_as<Ring>(self), accounts) < 0) {
        return nullptr;
    }
    self_as<Ring>(self)->budget = budget;
    Py_RETURN_NONE;
}

// Never: nobody comes in while a call is put.
PyObject* ring_held(PyObject*, PyObject*) { Py_RETURN_FALSE; }

PyObject* ring_close(PyObject* self, PyObject*) {
    self_as<Ring>(self)->budget = -1;
    Py_RETURN_NONE;
}

PyObject* ring_keep_share(PyObject* self, PyObject* object) {
    Account* account = self_as<Account>(object);
    if (!account->kept) {
        account->kept = 1;
        self_as<Ring>(self)->shares += account->share;
    }
    Py_RETURN_NONE;
}

PyObject* ring_pressed(PyObject* self, PyObject* object) {
    const Ring* ring = self_as<Ring>(self);
    const Account* account = self_as<Account>(object);
    const int64_t left = ring->budget - ring->shares - ring->over;
    return PyBool_FromLong(account->used * 2 > account->share && left * 2 < account->share);
}

Py_ssize_t ring_length(PyObject* self) {
    return static_cast<Py_ssize_t>(self_as<Ring>(self)->put - self_as<Ring>(self)->taken);
}

PyObject* ring_rows(PyObject* self, void*) {
    return PyLong_FromLongLong(self_as<Ring>(self)->put + self_as<Ring>(self)->more);
}

PyObject* ring_reserved(PyObject* self, void*) {
    const Ring* ring = self_as<Ring>(self);
    return PyLong_FromLongLong(ring->shares - (ring->used - ring->over));
}

PyObject* ring_repr(PyObject* self) {
    const Ring* ring = self_as<Ring>(self);
    return PyUnicode_FromFormat("<Ring %zd of %lld slots, %lld of %lld bytes>", ring_length(self),
                                static_cast<long long>(ring->slots),
                                static_cast<long long>(ring->used),
                                static_cast<long long>(ring->budget));
}

int ring_traverse(PyObject* self, visitproc visit, void* arg) {
    Ring* ring = self_as<Ring>(self);
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(ring->ids);
    Py_VISIT(ring->clock);
    Py_VISIT(ring->wake);
    int result = 0;
    if (ring->arena) {
        ring->arena->each([&](Record* record) {
            if (result == 0 && record->kind == Kind::kObject) {
                PyObject* call;
                std::memcpy(&call, record->cells(), sizeof call);
                result = visit(call, arg);
            }
        });
    }
    return result;
}
int ring_tp_clear(PyObject* self) {
    Ring* ring = self_as<Ring>(self);
    Py_CLEAR(ring->ids);
    Py_CLEAR(ring->clock);
    Py_CLEAR(ring->wake);
    if (ring->arena) {
        ring_empty(ring);
    }
    return 0;
}
void ring_dealloc(PyObject* self) {
    PyObject_GC_UnTrack(self);
    ring_tp_clear(self);
    delete self_as<Ring>(self)->arena;
    delete self_as<Ring>(self)->moments;
    free_plain(self);
}

PyMethodDef ring_methods[] = {
    {"put", reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(ring_put)), METH_FASTCALL, nullptr},
    {"charge", reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(ring_charge)), METH_FASTCALL, nullptr},
    {"take", ring_take, METH_NOARGS, nullptr},
    {"take_object", ring_take_object, METH_NOARGS, nullptr},
    {"drain", ring_drain, METH_VARARGS, nullptr},
    {"clear", ring_clear_all, METH_O, nullptr},
    {"open_again", reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(ring_open_again)),
     METH_VARARGS | METH_KEYWORDS, nullptr},
    {"close", ring_close, METH_NOARGS, nullptr},
    {"held", ring_held, METH_NOARGS, nullptr},
    {"keep_share", ring_keep_share, METH_O, nullptr},
    {"pressed", ring_pressed, METH_O, nullptr},
    {nullptr, nullptr, 0, nullptr},
};
PyMemberDef ring_members[] = {
    {"budget", T_LONGLONG, offsetof(Ring, budget), 0, nullptr},
    {"used", T_LONGLONG, offsetof(Ring, used), 0, nullptr},
    {"over", T_LONGLONG, offsetof(Ring, over), 0, nullptr},
    {"shares", T_LONGLONG, offsetof(Ring, shares), 0, nullptr},
    {"accepted", T_LONGLONG, offsetof(Ring, put), READONLY, nullptr},
    {"taken", T_LONGLONG, offsetof(Ring, taken), READONLY, nullptr},
    {"copied", T_LONGLONG, offsetof(Ring, copied), READONLY, nullptr},
    {"asleep", T_BOOL, offsetof(Ring, asleep), 0, nullptr},
    {"ids", T_OBJECT, offsetof(Ring, ids), 0, nullptr},
    {"clock", T_OBJECT, offsetof(Ring, clock), 0, nullptr},
    {"wake", T_OBJECT, offsetof(Ring, wake), 0, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};
PyGetSetDef ring_getset[] = {
    {"rows", ring_rows, nullptr, nullptr, nullptr},
    {"reserved", ring_reserved, nullptr, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};
}  // namespace

PyType_Slot ring_slots[] = {
    {Py_tp_init, reinterpret_cast<void*>(ring_init)},
    {Py_tp_repr, reinterpret_cast<void*>(ring_repr)},
    {Py_tp_methods, ring_methods},
    {Py_tp_members, ring_members},
    {Py_tp_getset, ring_getset},
    {Py_sq_length, reinterpret_cast<void*>(ring_length)},
    {Py_tp_traverse, reinterpret_cast<void*>(ring_traverse)},
    {Py_tp_clear, reinterpret_cast<void*>(ring_tp_clear)},
    {Py_tp_dealloc, reinterpret_cast<void*>(ring_dealloc)},
    {0, nullptr},
};

}  // namespace aiocollect
