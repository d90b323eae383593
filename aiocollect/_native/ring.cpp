// The ring: calls from any thread, in order; and their way out, as lines.

#include "objects.hpp"

namespace aiocollect {
namespace {

// Origin ---------------------------------------------------------------------------------------

int origin_init(PyObject* self, PyObject* args, PyObject* kwargs) {
    static const char* keys[] = {"stream", "account", nullptr};
    PyObject *stream, *account;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O!O!", const_cast<char**>(keys), stream_type,
                                     &stream, account_type, &account)) {
        return -1;
    }
    Origin* origin = self_as<Origin>(self);
    origin->stream = self_as<Stream>(stream);
    origin->next = origin->stream->origins;
    origin->stream->origins = origin;
    origin->account = self_as<Account>(Py_NewRef(account));
    origin->hour = -1;
    return 0;
}

// How its rows are written: jsonl, ids, what ends a line, and for JSON Lines what begins each cell.
PyObject* origin_write(PyObject* self, PyObject* args) {
    PyObject* frames;
    int jsonl, with_ids;
    const char* end;
    Py_ssize_t length;
    if (!PyArg_ParseTuple(args, "ppy#O!", &jsonl, &with_ids, &end, &length, &PyTuple_Type, &frames)) {
        return nullptr;
    }
    Form* form = new Form;
    form->format = jsonl ? Format::kJsonl : Format::kCsv;
    form->ids = with_ids;
    form->end.assign(end, static_cast<size_t>(length));
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(frames); ++i) {
        char* text;
        Py_ssize_t size;
        if (PyBytes_AsStringAndSize(PyTuple_GET_ITEM(frames, i), &text, &size) < 0) {
            delete form;
            return nullptr;
        }
        form->frames.emplace_back(text, static_cast<size_t>(size));
    }
    delete self_as<Origin>(self)->form;
    self_as<Origin>(self)->form = form;
    Py_RETURN_NONE;
}

PyMethodDef origin_methods[] = {{"write", origin_write, METH_VARARGS, nullptr},
                                {nullptr, nullptr, 0, nullptr}};
PyMemberDef origin_members[] = {
    {"stream", T_OBJECT, offsetof(Origin, stream), READONLY, nullptr},
    {"account", T_OBJECT, offsetof(Origin, account), READONLY, nullptr},
    {"channel", T_OBJECT, offsetof(Origin, channel), 0, nullptr},
    {"hour", T_LONGLONG, offsetof(Origin, hour), 0, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};
int origin_traverse(PyObject* self, visitproc visit, void* arg) {
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self_as<Origin>(self)->channel);
    return 0;
}
int origin_clear(PyObject* self) {
    Py_CLEAR(self_as<Origin>(self)->channel);
    Py_CLEAR(self_as<Origin>(self)->account);
    return 0;
}
void origin_dealloc(PyObject* self) {
    PyObject_GC_UnTrack(self);
    Origin* origin = self_as<Origin>(self);
    if (origin->stream) {
        Origin** place = &origin->stream->origins;
        while (*place != origin) {
            place = &(*place)->next;
        }
        *place = origin->next;
    }
    origin_clear(self);
    delete self_as<Origin>(self)->form;
    free_plain(self);
}
}  // namespace

PyType_Slot origin_slots[] = {
    {Py_tp_init, reinterpret_cast<void*>(origin_init)},
    {Py_tp_methods, origin_methods},
    {Py_tp_members, origin_members},
    {Py_tp_traverse, reinterpret_cast<void*>(origin_traverse)},
    {Py_tp_clear, reinterpret_cast<void*>(origin_clear)},
    {Py_tp_dealloc, reinterpret_cast<void*>(origin_dealloc)},
    {0, nullptr},
};

namespace {


// Ring -----------------------------------------------------------------------------------------

int ring_init(PyObject* self, PyObject* args, PyObject* kwargs) {
    static const char* keys[] = {"slots", "budget", nullptr};
    long long slots, budget;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "L$L", const_cast<char**>(keys), &slots, &budget)) {
        return -1;
    }
    Ring* ring = self_as<Ring>(self);
    ring->arena = new Arena;
    ring->moments = new Moments;
    ring->slots = slots;
    ring->budget = budget;
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

PyObject* array_value(const char* at, Type type) {
    using detail::load;
    switch (type) {
        case Type::kBool: return PyBool_FromLong(*at);
        case Type::kInt8: return PyLong_FromLong(load<int8_t>(at));
        case Type::kUint8: return PyLong_FromLong(load<uint8_t>(at));
        case Type::kInt16: return PyLong_FromLong(load<int16_t>(at));
        case Type::kUint16: return PyLong_FromLong(load<uint16_t>(at));
        case Type::kInt32: return PyLong_FromLong(load<int32_t>(at));
        case Type::kUint32: return PyLong_FromUnsignedLong(load<uint32_t>(at));
        case Type::kInt64: return PyLong_FromLongLong(load<int64_t>(at));
        case Type::kUint64: return PyLong_FromUnsignedLongLong(load<uint64_t>(at));
        case Type::kFloat: {
            // With a float's digits: the double that its text is.
            char text[kFloatText + 1];
            const float value = load<float>(at);
            if (!std::isfinite(value)) {
                return PyFloat_FromDouble(value);
            }
            *write_float(text, value) = 0;
            return PyFloat_FromDouble(PyOS_string_to_double(text, nullptr, nullptr));
        }
        case Type::kDouble: return PyFloat_FromDouble(load<double>(at));
    }
    return nullptr;
}

PyObject* tagged_value(const char*& cell) {
    using detail::load;
    const Tag tag = static_cast<Tag>(*cell++);
    switch (tag) {
        case Tag::kNone: return Py_NewRef(Py_None);
        case Tag::kFalse: return Py_NewRef(Py_False);
        case Tag::kTrue: return Py_NewRef(Py_True);
        case Tag::kDouble:
            cell += sizeof(double);
            return PyFloat_FromDouble(load<double>(cell - sizeof(double)));
        case Tag::kInt:
            cell += sizeof(int64_t);
            return PyLong_FromLongLong(load<int64_t>(cell - sizeof(int64_t)));
        case Tag::kText: {
            const uint32_t length = load<uint32_t>(cell);
            const char* text = cell + sizeof length;
            cell = text + length;
            return PyUnicode_FromStringAndSize(text, length);
        }
    }
    return nullptr;
}

// The rows of a record that were not taken yet, as a tuple of tuples.
PyObject* rows_of(Record* record) {
    const bool array = record->kind == Kind::kArray;
    const size_t step = array ? kTypeSize[static_cast<int>(record->type)] : 0;
    const char* cell = record->cells() + size_t{record->done} * record->width * step;
    const uint32_t left = record->rows - record->done;
    PyObject* rows = PyTuple_New(left);
    for (uint32_t i = 0; rows && i < left; ++i) {
        PyObject* row = PyTuple_New(record->width);
        for (uint32_t k = 0; row && k < record->width; ++k) {
            PyObject* value = array ? array_value(cell, record->type) : tagged_value(cell);
            cell += step;
            if (!value) {
                Py_CLEAR(row);
                break;
            }
            PyTuple_SET_ITEM(row, k, value);
        }
        if (!row) {
            Py_CLEAR(rows);
            break;
        }
        PyTuple_SET_ITEM(rows, i, row);
    }
    return rows;
}

// The oldest call as the Python way has it, or None.
PyObject* ring_take(PyObject* self, PyObject*) {
    Ring* ring = self_as<Ring>(self);
    Record* record = ring->arena->front();
    if (!record) {
        Py_RETURN_NONE;
    }
    PyObject* call;
    Origin* origin = nullptr;
    if (record->kind == Kind::kObject) {
        std::memcpy(&call, record->cells(), sizeof call);
    } else {
        origin = static_cast<Origin*>(record->origin);
        PyObject* rows = rows_of(record);
        PyObject* id = !rows             ? nullptr
                       : record->id_size ? PyUnicode_FromStringAndSize(record->id(), record->id_size)
                                         : id_text(ring->ids->ids, record->time, record->counter);
        if (!id) {
            Py_XDECREF(rows);
            return nullptr;
        }
        const int left = static_cast<int>(record->rows - record->done);
        const long long first = static_cast<long long>(record->first) + record->done;
        PyObject* part = first ? Py_BuildValue("(ONiL)", origin->stream, rows, left, first)
                               : Py_BuildValue("(ONi)", origin->stream, rows, left);
        call = !part ? nullptr
                     : Py_BuildValue("(NLL(N)iLOO)", id, static_cast<long long>(record->time),
                                     static_cast<long long>(record->hour), part, left,
                                     static_cast<long long>(record->cost), origin->account, Py_None);
        if (!call) {
            return nullptr;
        }
    }
    ring->taken += record->ends_call;
    ring->arena->pop();
    if (origin) {
        let_go(origin);  // last: a stream that ends may run anybody's code
    }
    return call;
}

// The oldest call where it came the Python way; None where there is none, or it is a native one.
PyObject* ring_take_object(PyObject* self, PyObject* nothing) {
    const Record* record = self_as<Ring>(self)->arena->front();
    if (!record || record->kind != Kind::kObject) {
        Py_RETURN_NONE;
    }
    return ring_take(self, nothing);
}

struct Run {
    Origin* origin;
    PyObject* channel;
    int64_t estimate = 0;
    Bytes lines;
    std::vector<size_t> ends;
};

// Rows of a record, and the run that they belong to.
struct Share {
    Record* record;
    uint32_t count;
    size_t run;
};

// The next native calls as runs of lines, one for each channel and account, in the order that they
// came in: [(origin, channel, estimate, lines)]; and, where Python must say first which channel the
// next call goes to, its (origin, hour), else None. Encodes without the GIL.
PyObject* ring_drain(PyObject* self, PyObject* args) {
    long long max_rows, max_cost;
    if (!PyArg_ParseTuple(args, "LL", &max_rows, &max_cost)) {
        return nullptr;
    }
    Ring* ring = self_as<Ring>(self);
    std::vector<Run> runs;
    std::vector<Share> shares;
    std::vector<size_t> open;  // the places of the runs that rows may be added to
    PyObject* asked = Py_NewRef(Py_None);
    int64_t rows = 0, cost = 0;
    ring->arena->walk([&](Record* record) {
        if (record->kind == Kind::kObject || rows >= max_rows || cost >= max_cost) {
            return false;
        }
        Origin* origin = static_cast<Origin*>(record->origin);
        if (!origin->form || !origin->channel || origin->hour != record->hour) {
            Py_DECREF(asked);
            asked = Py_BuildValue("(OL)", origin, static_cast<long long>(record->hour));
            return false;
        }
        const uint32_t left = record->rows - record->done;
        uint32_t count = left;
        if (left > max_rows - rows) {
            count = static_cast<uint32_t>(max_rows - rows);
        }
        if (record->cost > max_cost - cost) {
            const int64_t fits = (max_cost - cost) * left / record->cost;
            if (fits < 1 && rows) {
                return false;  // the next slice's
            }
            count = fits < 1 ? 1 : fits < count ? static_cast<uint32_t>(fits) : count;
        }
        size_t run = runs.size();
        for (size_t& place : open) {
            if (runs[place].channel == origin->channel) {
                if (runs[place].origin == origin) {
                    run = place;
                } else {
                    place = run;
                }
                goto found;
            }
        }
        open.push_back(run);
    found:
        if (run == runs.size()) {
            runs.push_back({origin, origin->channel, 0, {}, {}});
        }
        // What is left keeps its share of the cost.
        const int64_t part = count == left ? record->cost : record->cost * count / left;
        shares.push_back({record, count, run});
        runs[run].estimate += part;
        record->cost -= part;
        rows += count;
        cost += part;
        return count == left;
    });
    if (!asked) {
        return nullptr;
    }
    Py_BEGIN_ALLOW_THREADS
    for (const Share& share : shares) {
        Run& run = runs[share.run];
        write_lines(share.record, share.count, *run.origin->form, ring->ids->ids, *ring->moments,
                    run.lines, run.ends);
    }
    Py_END_ALLOW_THREADS
    std::vector<Origin*> done;  // a reference each is given back
    for (const Share& share : shares) {
        share.record->done += share.count;
        if (share.record->done == share.record->rows) {
            done.push_back(static_cast<Origin*>(share.record->origin));
            ring->taken += share.record->ends_call;
            ring->arena->pop();
        }
    }
    PyObject* found = PyList_New(static_cast<Py_ssize_t>(runs.size()));
    for (size_t i = 0; found && i < runs.size(); ++i) {
        Run& run = runs[i];
        PyObject* lines = PyList_New(static_cast<Py_ssize_t>(run.ends.size()));
        size_t begin = 0;
        for (size_t k = 0; lines && k < run.ends.size(); ++k) {
            PyObject* line = PyBytes_FromStringAndSize(run.lines.data() + begin,
                                                       static_cast<Py_ssize_t>(run.ends[k] - begin));
            begin = run.ends[k];
            if (!line) {
                Py_CLEAR(lines);
                break;
            }
            PyList_SET_ITEM(lines, static_cast<Py_ssize_t>(k), line);
        }
        PyObject* one = lines ? Py_BuildValue("(OOLN)", run.origin, run.channel,
                                              static_cast<long long>(run.estimate), lines)
                              : nullptr;
        if (!one) {
            Py_CLEAR(found);
            break;
        }
        PyList_SET_ITEM(found, static_cast<Py_ssize_t>(i), one);
    }
    for (Origin* origin : done) {
        let_go(origin);
    }
    if (!found) {
        Py_XDECREF(asked);
        return nullptr;
    }
    return Py_BuildValue("(NN)", found, asked);
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

int ring_begin(Ring* ring, PyObject* accounts) {
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
    Py_VISIT(ring->window);
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
    Py_CLEAR(ring->window);
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
    {"asleep", T_BOOL, offsetof(Ring, asleep), 0, nullptr},
    {"ids", T_OBJECT, offsetof(Ring, ids), 0, nullptr},
    {"clock", T_OBJECT, offsetof(Ring, clock), 0, nullptr},
    {"wake", T_OBJECT, offsetof(Ring, wake), 0, nullptr},
    {"window", T_OBJECT, offsetof(Ring, window), 0, nullptr},
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
