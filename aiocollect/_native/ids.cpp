// Ids as a Python type.

#include "objects.hpp"

#include <new>

namespace aiocollect {
namespace {

// Ids ------------------------------------------------------------------------------------------

int ids_init(PyObject* self, PyObject* args, PyObject* kwargs) {
    static const char* keys[] = {"writer", nullptr};
    const char* writer;
    Py_ssize_t length;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "s#", const_cast<char**>(keys), &writer, &length)) {
        return -1;
    }
    if (length != 10) {
        PyErr_SetString(PyExc_ValueError, "a writer id has ten hexadecimal digits");
        return -1;
    }
    Ids* ids = new (&self_as<IdsObject>(self)->ids) Ids();
    std::memcpy(ids->writer, writer, 10);
    return 0;
}

PyObject* ids_stamp(PyObject* self, PyObject* now) {
    const long long micros = PyLong_AsLongLong(now);
    if (micros == -1 && PyErr_Occurred()) {
        return nullptr;
    }
    Ids& ids = self_as<IdsObject>(self)->ids;
    const int64_t time = ids.time(micros);
    PyObject* text = id_text(ids, time, ids.next());
    if (!text) {
        return nullptr;
    }
    return Py_BuildValue("(NLL)", text, static_cast<long long>(time),
                         static_cast<long long>(Ids::floor_div(time, kHour)));
}

PyObject* ids_time(PyObject* self, PyObject* now) {
    const long long micros = PyLong_AsLongLong(now);
    if (micros == -1 && PyErr_Occurred()) {
        return nullptr;
    }
    return PyLong_FromLongLong(self_as<IdsObject>(self)->ids.time(micros));
}

PyObject* ids_id(PyObject* self, PyObject* time) {
    const long long micros = PyLong_AsLongLong(time);
    if (micros == -1 && PyErr_Occurred()) {
        return nullptr;
    }
    Ids& ids = self_as<IdsObject>(self)->ids;
    return id_text(ids, micros, ids.next());
}

// The index of a call's first row under a correlation(): _core/ids.py, first_row. Runs nobody's code.
PyObject* ids_first_row(PyObject*, PyObject* args) {
    PyObject *rows, *counts, *row;
    if (!PyArg_ParseTuple(args, "O!O!O", &PyDict_Type, &rows, &PyList_Type, &counts, &row)) {
        return nullptr;
    }
    long long first = row == Py_None ? 0 : PyLong_AsLongLong(row);
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(counts); ++i) {
        PyObject* label;
        long long number;
        if (!PyArg_ParseTuple(PyList_GET_ITEM(counts, i), "UL", &label, &number)) {
            return nullptr;
        }
        PyObject* next = PyDict_GetItemWithError(rows, label);
        const long long from = next ? PyLong_AsLongLong(next) : 0;
        if (row == Py_None && from > first) {
            first = from;
        }
    }
    for (Py_ssize_t i = 0; !PyErr_Occurred() && i < PyList_GET_SIZE(counts); ++i) {
        PyObject* label = PyTuple_GET_ITEM(PyList_GET_ITEM(counts, i), 0);
        const long long end = first + PyLong_AsLongLong(PyTuple_GET_ITEM(PyList_GET_ITEM(counts, i), 1));
        PyObject* next = PyDict_GetItemWithError(rows, label);
        if (next && PyLong_AsLongLong(next) >= end) {
            continue;
        }
        PyObject* number = PyLong_FromLongLong(end);
        if (number) {
            PyDict_SetItem(rows, label, number);
            Py_DECREF(number);
        }
    }
    return PyErr_Occurred() ? nullptr : PyLong_FromLongLong(first);
}

PyObject* ids_writer(PyObject* self, void*) {
    return PyUnicode_FromStringAndSize(self_as<IdsObject>(self)->ids.writer, 10);
}

PyMethodDef ids_methods[] = {
    {"stamp", ids_stamp, METH_O, nullptr},
    {"time", ids_time, METH_O, nullptr},
    {"id", ids_id, METH_O, nullptr},
    {"first_row", ids_first_row, METH_VARARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};
PyGetSetDef ids_getset[] = {{"writer", ids_writer, nullptr, nullptr, nullptr},
                            {nullptr, nullptr, nullptr, nullptr, nullptr}};
}  // namespace

PyType_Slot ids_slots[] = {
    {Py_tp_init, reinterpret_cast<void*>(ids_init)},
    {Py_tp_dealloc, reinterpret_cast<void*>(free_plain)},
    {Py_tp_methods, ids_methods},
    {Py_tp_getset, ids_getset},
    {0, nullptr},
};

}  // namespace aiocollect
