// Origins: where the rows of the native way come from, and how they are written.

#include "objects.hpp"

namespace aiocollect {
namespace {

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
        form->frames.add(text, static_cast<size_t>(size));
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

}  // namespace aiocollect
