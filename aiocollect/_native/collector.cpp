// The collector of one stream: collect().
//
// Invariant: from the look at the context until the call is in the ring (calls.hpp) nothing of
// Python's is called, so under the GIL a call is in the ring whole or not at all, whatever threads,
// signal handlers, finalizers and tracers do. What may run Python code (a user's clock, odd keys of
// a dict) is asked before.

#include "calls.hpp"

namespace aiocollect {

PyObject* names[kNames];
PyObject *timestamp, *tzinfo, *record_one, *record_together, *leave_out;

bool intern_names() {
    const char* keywords[] = {"correlation_id", "at", "row"};
    for (int i = 0; i < kNames; ++i) {
        names[i] = PyUnicode_InternFromString(keywords[i]);
        if (!names[i]) {
            return false;
        }
    }
    timestamp = PyUnicode_InternFromString("timestamp");
    tzinfo = PyUnicode_InternFromString("tzinfo");
    record_one = PyUnicode_InternFromString("record_one");
    record_together = PyUnicode_InternFromString("record_together");
    leave_out = PyUnicode_InternFromString("leave_out");
    return timestamp && tzinfo && record_one && record_together && leave_out;
}

namespace {

PyObject* collect(PyObject* object, PyObject* const* args, Py_ssize_t count, PyObject* keywords) {
    Collector* self = self_as<Collector>(object);
    PyObject* data = count ? args[0] : nullptr;
    PyObject* given[kNames] = {nullptr, nullptr, nullptr};
    const Py_ssize_t named = keywords ? PyTuple_GET_SIZE(keywords) : 0;
    for (Py_ssize_t i = 0; i < named; ++i) {
        PyObject* name = PyTuple_GET_ITEM(keywords, i);
        const int place = place_of(name);
        if (place == kNames && !data && PyUnicode_CompareWithASCIIString(name, "data") == 0) {
            data = args[count + i];
            continue;
        }
        if (place == kNames) {
            PyErr_Format(PyExc_TypeError, "collect() got an unexpected keyword argument '%U'", name);
            return nullptr;
        }
        given[place] = args[count + i] == Py_None ? nullptr : args[count + i];
    }
    if (!self->gate || count > 1 || !data) {
        PyErr_SetString(PyExc_TypeError, "collect() takes the data, and all else by name");
        return nullptr;
    }
    if (!self->gate->limit) {
        return Py_NewRef(given[0] ? given[0] : Py_None);
    }
    Part part = {data, self->shape, self->stream, self->origin, {}};
    PyObject* id = record_call(self->gate, self->ring, self->origin->account, &part, 1, given, false,
                               self->recorder);
    if (id || PyErr_Occurred()) {
        return id;
    }
    PyObject* slow[] = {self->recorder,
                        reinterpret_cast<PyObject*>(self->stream),
                        data,
                        given[0] ? given[0] : Py_None,
                        given[1] ? given[1] : Py_None,
                        given[2] ? given[2] : Py_None};
    return PyObject_VectorcallMethod(record_one, slow, 6, nullptr);
}

int collector_bind(PyObject* self, PyObject* args, PyObject* kwargs) {
    static const char* keys[] = {"gate", "shape", "stream", "origin", "ring", "recorder", nullptr};
    PyObject *gate, *shape, *stream, *origin, *ring, *recorder;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O!O!O!O!O!O", const_cast<char**>(keys), gate_type,
                                     &gate, shape_type, &shape, stream_type, &stream, origin_type,
                                     &origin, ring_type, &ring, &recorder)) {
        return -1;
    }
    Collector* collector = self_as<Collector>(self);
    if (collector->gate) {
        PyErr_SetString(PyExc_TypeError, "a collector is bound once");
        return -1;
    }
    collector->gate = self_as<Gate>(Py_NewRef(gate));
    collector->shape = self_as<Shape>(Py_NewRef(shape));
    collector->stream = self_as<Stream>(Py_NewRef(stream));
    collector->origin = self_as<Origin>(Py_NewRef(origin));
    collector->ring = self_as<Ring>(Py_NewRef(ring));
    collector->recorder = Py_NewRef(recorder);
    return 0;
}

int collector_traverse(PyObject* object, visitproc visit, void* arg) {
    Collector* self = self_as<Collector>(object);
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->gate);
    Py_VISIT(self->shape);
    Py_VISIT(self->stream);
    Py_VISIT(self->origin);
    Py_VISIT(self->ring);
    Py_VISIT(self->recorder);
    return 0;
}
int collector_clear(PyObject* object) {
    Collector* self = self_as<Collector>(object);
    Py_CLEAR(self->gate);
    Py_CLEAR(self->shape);
    Py_CLEAR(self->stream);
    Py_CLEAR(self->origin);
    Py_CLEAR(self->ring);
    Py_CLEAR(self->recorder);
    return 0;
}
void collector_dealloc(PyObject* self) {
    PyObject_GC_UnTrack(self);
    collector_clear(self);
    free_plain(self);
}
PyMemberDef collector_members[] = {
    {"_recorder", T_OBJECT_EX, offsetof(Collector, recorder), READONLY, nullptr},
    {"_stream", T_OBJECT_EX, offsetof(Collector, stream), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};
PyMethodDef collector_methods[] = {
    {"collect", reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(collect)),
     METH_FASTCALL | METH_KEYWORDS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};
}  // namespace

PyType_Slot collector_slots[] = {
    {Py_tp_init, reinterpret_cast<void*>(collector_bind)},
    {Py_tp_methods, collector_methods},
    {Py_tp_members, collector_members},
    {Py_tp_traverse, reinterpret_cast<void*>(collector_traverse)},
    {Py_tp_clear, reinterpret_cast<void*>(collector_clear)},
    {Py_tp_dealloc, reinterpret_cast<void*>(collector_dealloc)},
    {0, nullptr},
};

}  // namespace aiocollect
