// The streams of one model: collect() of several values together, one id and time, all or nothing.

#include "calls.hpp"

namespace aiocollect {
namespace {

constexpr Py_ssize_t kBefore = 3;  // of record_together(): the recorder, its label, its streams

int model_init(PyObject* self, PyObject* args, PyObject* kwargs) {
    static const char* keys[] = {"gate", "account", "ring", "parts", "paired", "recorder", "label",
                                 "streams", nullptr};
    PyObject *gate, *account, *ring, *parts, *recorder, *label, *streams;
    int paired;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O!O!O!O!pOUO!", const_cast<char**>(keys), gate_type,
                                     &gate, account_type, &account, ring_type, &ring, &PyTuple_Type,
                                     &parts, &paired, &recorder, &label, &PyDict_Type, &streams)) {
        return -1;
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(parts); ++i) {
        PyObject *name, *shape, *stream, *origin;
        if (!PyArg_ParseTuple(PyTuple_GET_ITEM(parts, i), "UO!O!O!", &name, shape_type, &shape,
                              stream_type, &stream, origin_type, &origin)) {
            return -1;
        }
    }
    Model* model = self_as<Model>(self);
    if (model->gate) {
        PyErr_SetString(PyExc_TypeError, "a model is bound once");
        return -1;
    }
    model->gate = self_as<Gate>(Py_NewRef(gate));
    model->account = self_as<Account>(Py_NewRef(account));
    model->ring = self_as<Ring>(Py_NewRef(ring));
    model->parts = Py_NewRef(parts);
    model->paired = static_cast<char>(paired);
    model->recorder = Py_NewRef(recorder);
    model->label = Py_NewRef(label);
    model->streams = Py_NewRef(streams);
    return 0;
}

// The stream of this name among those of the model, as a part of a call.
bool part_of(const Model* self, PyObject* name, Part& part) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(self->parts); ++i) {
        PyObject* one = PyTuple_GET_ITEM(self->parts, i);
        PyObject* its_name = PyTuple_GET_ITEM(one, 0);
        if (name == its_name || PyUnicode_Compare(name, its_name) == 0) {
            part.shape = self_as<Shape>(PyTuple_GET_ITEM(one, 1));
            part.stream = self_as<Stream>(PyTuple_GET_ITEM(one, 2));
            part.origin = self_as<Origin>(PyTuple_GET_ITEM(one, 3));
            return true;
        }
    }
    return false;
}

PyObject* model_collect(PyObject* object, PyObject* const* args, Py_ssize_t count, PyObject* keywords) {
    Model* self = self_as<Model>(object);
    if (!self->gate || count != 0) {
        PyErr_SetString(PyExc_TypeError, "collect() takes a value for each stream, by its name");
        return nullptr;
    }
    PyObject* given[kNames] = {nullptr, nullptr, nullptr};
    Part parts[kParts];
    int found = 0;
    bool usual = self->gate->limit != 0;
    const Py_ssize_t named = keywords ? PyTuple_GET_SIZE(keywords) : 0;
    for (Py_ssize_t i = 0; i < named; ++i) {
        PyObject* name = PyTuple_GET_ITEM(keywords, i);
        const int place = place_of(name);
        if (place < kNames) {
            given[place] = args[i] == Py_None ? nullptr : args[i];
        } else if (usual && found < kParts && part_of(self, name, parts[found])) {
            parts[found++].data = args[i];
        } else {
            usual = false;
        }
    }
    if (usual && found) {
        PyObject* id = record_call(self->gate, self->ring, self->account, parts, found, given,
                                   self->paired, self->recorder);
        if (id || PyErr_Occurred()) {
            return id;
        }
    }
    // The same by name, after what is not.
    PyObject** slow = PyMem_New(PyObject*, static_cast<size_t>(kBefore + named));
    if (!slow) {
        return PyErr_NoMemory();
    }
    slow[0] = self->recorder;
    slow[1] = self->label;
    slow[2] = self->streams;
    for (Py_ssize_t i = 0; i < named; ++i) {
        slow[kBefore + i] = args[i];
    }
    PyObject* id = PyObject_VectorcallMethod(record_together, slow, kBefore, keywords);
    PyMem_Free(slow);
    return id;
}

int model_traverse(PyObject* object, visitproc visit, void* arg) {
    Model* self = self_as<Model>(object);
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->gate);
    Py_VISIT(self->ring);
    Py_VISIT(self->parts);
    Py_VISIT(self->streams);
    Py_VISIT(self->recorder);
    return 0;
}
int model_clear(PyObject* object) {
    Model* self = self_as<Model>(object);
    Py_CLEAR(self->gate);
    Py_CLEAR(self->account);
    Py_CLEAR(self->ring);
    Py_CLEAR(self->parts);
    Py_CLEAR(self->streams);
    Py_CLEAR(self->recorder);
    Py_CLEAR(self->label);
    return 0;
}
void model_dealloc(PyObject* self) {
    PyObject_GC_UnTrack(self);
    model_clear(self);
    free_plain(self);
}
PyMemberDef model_members[] = {
    {"_recorder", T_OBJECT_EX, offsetof(Model, recorder), READONLY, nullptr},
    {"_label", T_OBJECT_EX, offsetof(Model, label), READONLY, nullptr},
    {"_streams", T_OBJECT_EX, offsetof(Model, streams), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};
PyMethodDef model_methods[] = {
    {"collect", reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(model_collect)),
     METH_FASTCALL | METH_KEYWORDS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

PyType_Slot model_slots[] = {
    {Py_tp_init, reinterpret_cast<void*>(model_init)},
    {Py_tp_methods, model_methods},
    {Py_tp_members, model_members},
    {Py_tp_traverse, reinterpret_cast<void*>(model_traverse)},
    {Py_tp_clear, reinterpret_cast<void*>(model_clear)},
    {Py_tp_dealloc, reinterpret_cast<void*>(model_dealloc)},
    {0, nullptr},
};

}  // namespace aiocollect
