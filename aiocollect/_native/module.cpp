// The module: its types, and the context variable that collect() asks.

#include "crc.hpp"
#include "lines.hpp"
#include "objects.hpp"

namespace aiocollect {

PyTypeObject *account_type, *gate_type, *shape_type, *stream_type, *scoring_type, *ids_type,
    *origin_type, *ring_type, *collector_type, *model_type, *lines_type, *open_lines_type;
PyObject *in_force, *datetime_class;

bool intern_names();  // collector.cpp
PyObject* quotes_in(PyObject*, PyObject* args);  // quotes.cpp
PyObject* quoted_columns(PyObject*, PyObject* rows);  // quotes.cpp

}  // namespace aiocollect

namespace {

using namespace aiocollect;

// What it was built from (tools/build_native.py), which importers compare: one text after the other.
constexpr char kMarks[] = AIOCOLLECT_VERSION "\0" AIOCOLLECT_DIGEST;

bool add_type(PyObject* module, const char* name, size_t size, PyType_Slot* slots, bool base, bool gc,
              PyTypeObject** place) {
    unsigned flags = Py_TPFLAGS_DEFAULT;
    if (base) {
        flags |= Py_TPFLAGS_BASETYPE;
    }
    if (gc) {
        flags |= Py_TPFLAGS_HAVE_GC;
    }
    PyType_Spec spec = {name, static_cast<int>(size), 0, flags, slots};
    PyObject* type = PyType_FromSpec(&spec);
    if (!type) {
        return false;
    }
    *place = self_as<PyTypeObject>(type);
    return PyModule_AddType(module, *place) == 0;
}

void learn_characters() {
    for (Py_UCS4 c = 0x80; c < Characters::kEnd; ++c) {
        if (Py_UNICODE_ISDECIMAL(c)) {
            Characters::add(characters.digits, c);
        }
        if (Py_UNICODE_ISSPACE(c)) {
            Characters::add(characters.spaces, c);
        }
    }
}

PyObject* set_context(PyObject*, PyObject* variable) {
    Py_XSETREF(in_force, Py_NewRef(variable));
    Py_RETURN_NONE;
}

// As zlib.crc32(data, value), at a third of its time.
PyObject* crc_of(PyObject*, PyObject* args) {
    Py_buffer data;
    unsigned long value = 0;
    if (!PyArg_ParseTuple(args, "y*|k", &data, &value)) {
        return nullptr;
    }
    const uint32_t crc = crc32(static_cast<const char*>(data.buf), static_cast<size_t>(data.len),
                               static_cast<uint32_t>(value));
    PyBuffer_Release(&data);
    return PyLong_FromUnsignedLong(crc);
}

PyMethodDef module_methods[] = {{"crc32", crc_of, METH_VARARGS, nullptr},
                                {"set_context", set_context, METH_O, nullptr},
                                {"quotes_in", quotes_in, METH_VARARGS, nullptr},
                                {"quoted_columns", quoted_columns, METH_O, nullptr},
                                {nullptr, nullptr, 0, nullptr}};
PyModuleDef module_definition = {
    PyModuleDef_HEAD_INIT, "aiocollect._native.core", nullptr, -1, module_methods, nullptr, nullptr, nullptr, nullptr,
};

}  // namespace

PyMODINIT_FUNC PyInit_core() {
    PyObject* datetime = PyImport_ImportModule("datetime");
    datetime_class = datetime ? PyObject_GetAttrString(datetime, "datetime") : nullptr;
    Py_XDECREF(datetime);
    if (!datetime_class || !intern_names()) {
        return nullptr;
    }
    learn_characters();
    PyObject* module = PyModule_Create(&module_definition);
    if (!module) {
        return nullptr;
    }
    const bool made =
        add_type(module, "aiocollect._native.core.Account", sizeof(Account), account_slots, false, false, &account_type) &&
        add_type(module, "aiocollect._native.core.Gate", sizeof(Gate), gate_slots, true, false, &gate_type) &&
        add_type(module, "aiocollect._native.core.Shape", sizeof(Shape), shape_slots, true, true, &shape_type) &&
        add_type(module, "aiocollect._native.core.Stream", sizeof(Stream), stream_slots, true, true, &stream_type) &&
        add_type(module, "aiocollect._native.core.Scoring", sizeof(Scoring), scoring_slots, true, true, &scoring_type) &&
        add_type(module, "aiocollect._native.core.Ids", sizeof(IdsObject), ids_slots, false, false, &ids_type) &&
        add_type(module, "aiocollect._native.core.Origin", sizeof(Origin), origin_slots, false, true, &origin_type) &&
        add_type(module, "aiocollect._native.core.Ring", sizeof(Ring), ring_slots, false, true, &ring_type) &&
        add_type(module, "aiocollect._native.core.Collector", sizeof(Collector), collector_slots, true, true, &collector_type) &&
        add_type(module, "aiocollect._native.core.Lines", sizeof(Lines), lines_slots, false, false, &lines_type) &&
        add_type(module, "aiocollect._native.core.OpenLines", open_lines_size, open_lines_slots, false, false, &open_lines_type) &&
        add_type(module, "aiocollect._native.core.Model", sizeof(Model), model_slots, true, true, &model_type);
    if (!made || PyModule_AddStringConstant(module, "version", kMarks) < 0 ||
        PyModule_AddStringConstant(module, "digest", kMarks + sizeof AIOCOLLECT_VERSION) < 0) {
        Py_DECREF(module);
        return nullptr;
    }
    return module;
}
