// Encoded rows, many together: the type that travels from the drain to the store.

#include "lines.hpp"

#include <new>

#include "crc.hpp"

namespace aiocollect {

namespace {

// Without its bytes.
Lines* empty_lines(PyObject* lengths) {
    Lines* lines = lengths ? PyObject_New(Lines, lines_type) : nullptr;
    if (!lines) {
        Py_XDECREF(lengths);
        if (!PyErr_Occurred()) {
            PyErr_NoMemory();
        }
        return nullptr;
    }
    lines->data = nullptr;
    lines->capacity = 0;
    new (&lines->text) Bytes;
    lines->lengths = lengths;
    lines->crc = 0;
    lines->has_crc = 0;
    return lines;
}

}  // namespace

PyObject* new_lines(PyObject* data, PyObject* lengths) {
    Lines* lines = data ? empty_lines(lengths) : nullptr;
    if (lines) {
        lines->data = data;
        return reinterpret_cast<PyObject*>(lines);
    }
    if (data) {
        Py_DECREF(data);
    } else {
        Py_XDECREF(lengths);
    }
    return PyErr_Occurred() ? nullptr : PyErr_NoMemory();
}

PyObject* new_lines(Bytes& text, PyObject* lengths) {
    Lines* lines = empty_lines(lengths);
    if (lines) {
        lines->text.swap(text);
    }
    return reinterpret_cast<PyObject*>(lines);
}

size_t offset_of(const Lines* lines, size_t row) {
    size_t offset = 0;
    for (size_t at = 0; at < row; ++at) {
        offset += lines->length(at);
    }
    return offset;
}

size_t fitting(const Lines* lines, int64_t size) {
    int64_t end = 0;
    size_t row = 0;
    for (; row < lines->rows(); ++row) {
        end += lines->length(row);
        if (end > size) {
            break;
        }
    }
    return row;
}

namespace {

// What is cut out below is within the bytes only if the lengths add up to them.
bool add_up(PyObject* data, PyObject* lengths) {
    const size_t rows = static_cast<size_t>(PyBytes_GET_SIZE(lengths)) / sizeof(uint32_t);
    const char* at = PyBytes_AS_STRING(lengths);
    uint64_t sum = 0;
    for (size_t row = 0; row < rows; ++row) {
        uint32_t length;
        std::memcpy(&length, at + row * sizeof length, sizeof length);
        sum += length;
    }
    return sum == static_cast<uint64_t>(PyBytes_GET_SIZE(data));
}

PyObject* lines_new(PyTypeObject*, PyObject* args, PyObject* kwargs) {
    static const char* keys[] = {"data", "lengths", nullptr};
    PyObject *data, *lengths;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "SS", const_cast<char**>(keys), &data, &lengths)) {
        return nullptr;
    }
    if (!add_up(data, lengths)) {
        PyErr_SetString(PyExc_ValueError, "the lengths of rows do not add up to their bytes");
        return nullptr;
    }
    return new_lines(Py_NewRef(data), Py_NewRef(lengths));
}

// Of single rows, each exactly bytes.
PyObject* lines_of(PyObject*, PyObject* rows) {
    PyObject* all = PySequence_Fast(rows, "of() takes rows of bytes");
    if (!all) {
        return nullptr;
    }
    const Py_ssize_t count = PySequence_Fast_GET_SIZE(all);
    PyObject** items = PySequence_Fast_ITEMS(all);
    Py_ssize_t size = 0;
    for (Py_ssize_t row = 0; row < count; ++row) {
        if (!PyBytes_CheckExact(items[row]) || PyBytes_GET_SIZE(items[row]) > UINT32_MAX) {
            PyErr_SetString(PyExc_TypeError, "of() takes rows of bytes, of less than 4 GiB each");
            Py_DECREF(all);
            return nullptr;
        }
        size += PyBytes_GET_SIZE(items[row]);
    }
    PyObject* data = PyBytes_FromStringAndSize(nullptr, size);
    PyObject* lengths =
        data ? PyBytes_FromStringAndSize(nullptr, count * Py_ssize_t{sizeof(uint32_t)}) : nullptr;
    if (lengths) {
        char *to = PyBytes_AS_STRING(data), *length_to = PyBytes_AS_STRING(lengths);
        for (Py_ssize_t row = 0; row < count; ++row) {
            const uint32_t length = static_cast<uint32_t>(PyBytes_GET_SIZE(items[row]));
            std::memcpy(to, PyBytes_AS_STRING(items[row]), length);
            std::memcpy(length_to, &length, sizeof length);
            to += length;
            length_to += sizeof length;
        }
    }
    Py_DECREF(all);
    return new_lines(data, lengths);
}

PyObject* lines_iter(PyObject* self) {
    const Lines* lines = self_as<Lines>(self);
    PyObject* rows = PyList_New(static_cast<Py_ssize_t>(lines->rows()));
    size_t begin = 0;
    for (size_t row = 0; rows && row < lines->rows(); ++row) {
        const uint32_t length = lines->length(row);
        PyObject* one = PyBytes_FromStringAndSize(lines->begin() + begin, length);
        begin += length;
        if (!one) {
            Py_CLEAR(rows);
            break;
        }
        PyList_SET_ITEM(rows, static_cast<Py_ssize_t>(row), one);
    }
    PyObject* iterator = rows ? PyObject_GetIter(rows) : nullptr;
    Py_XDECREF(rows);
    return iterator;
}

PyObject* lines_cut(PyObject* self, PyObject* const* args, Py_ssize_t count) {
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "cut() takes the first row and the one after the last");
        return nullptr;
    }
    const Py_ssize_t first = PyLong_AsSsize_t(args[0]);
    Py_ssize_t last = PyLong_AsSsize_t(args[1]);
    if (PyErr_Occurred()) {
        return nullptr;
    }
    const Lines* lines = self_as<Lines>(self);
    const Py_ssize_t rows = static_cast<Py_ssize_t>(lines->rows());
    last = last > rows ? rows : last;
    if (first <= 0 && last == rows) {
        return Py_NewRef(self);
    }
    if (first < 0 || last <= first) {
        return new_lines(PyBytes_FromStringAndSize(nullptr, 0), PyBytes_FromStringAndSize(nullptr, 0));
    }
    const size_t begin = offset_of(lines, static_cast<size_t>(first));
    size_t size = 0;
    for (Py_ssize_t row = first; row < last; ++row) {
        size += lines->length(static_cast<size_t>(row));
    }
    const Py_ssize_t width = sizeof(uint32_t);
    PyObject* data =
        PyBytes_FromStringAndSize(lines->begin() + begin, static_cast<Py_ssize_t>(size));
    return new_lines(data, PyBytes_FromStringAndSize(
                               PyBytes_AS_STRING(lines->lengths) + first * width, (last - first) * width));
}

PyObject* lines_fitting(PyObject* self, PyObject* size) {
    const long long most = PyLong_AsLongLong(size);
    if (most == -1 && PyErr_Occurred()) {
        return nullptr;
    }
    return PyLong_FromSize_t(fitting(self_as<Lines>(self), most));
}

PyObject* lines_size(PyObject* self, void*) { return PyLong_FromSize_t(self_as<Lines>(self)->size()); }

PyObject* lines_crc(PyObject* self, void*) {
    Lines* lines = self_as<Lines>(self);
    if (!lines->has_crc) {
        lines->crc = crc32(lines->begin(), lines->size());
        lines->has_crc = 1;
    }
    return PyLong_FromUnsignedLong(lines->crc);
}

Py_ssize_t lines_length(PyObject* self) {
    return static_cast<Py_ssize_t>(self_as<Lines>(self)->rows());
}

PyObject* lines_repr(PyObject* self) {
    const Lines* lines = self_as<Lines>(self);
    return PyUnicode_FromFormat("<Lines %zu rows, %zu bytes>", lines->rows(), lines->size());
}

PyObject* lines_data(PyObject* self, void*) {
    Lines* lines = self_as<Lines>(self);
    if (!lines->data) {
        lines->data = PyBytes_FromStringAndSize(lines->text.data(),
                                                static_cast<Py_ssize_t>(lines->text.size()));
        if (!lines->data) {
            return nullptr;
        }
        give_memory(lines->text);
    }
    return Py_NewRef(lines->data);
}

void lines_dealloc(PyObject* self) {
    Lines* lines = self_as<Lines>(self);
    give_memory(lines->text);
    lines->text.~Bytes();
    if (lines->data) {
        give_block(lines->data, lines->capacity);
    }
    Py_CLEAR(lines->lengths);
    PyTypeObject* type = Py_TYPE(self);
    PyObject_Free(self);
    Py_DECREF(type);
}

PyMethodDef lines_methods[] = {
    {"of", lines_of, METH_O | METH_CLASS, nullptr},
    {"cut", reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(lines_cut)), METH_FASTCALL, nullptr},
    {"fitting", lines_fitting, METH_O, nullptr},
    {nullptr, nullptr, 0, nullptr},
};
PyMemberDef lines_members[] = {
    {"lengths", T_OBJECT_EX, offsetof(Lines, lengths), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};
PyGetSetDef lines_getset[] = {
    {"data", lines_data, nullptr, nullptr, nullptr},
    {"size", lines_size, nullptr, nullptr, nullptr},
    {"crc", lines_crc, nullptr, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

}  // namespace

PyType_Slot lines_slots[] = {
    {Py_tp_new, reinterpret_cast<void*>(lines_new)},
    {Py_tp_repr, reinterpret_cast<void*>(lines_repr)},
    {Py_tp_iter, reinterpret_cast<void*>(lines_iter)},
    {Py_tp_methods, lines_methods},
    {Py_tp_members, lines_members},
    {Py_tp_getset, lines_getset},
    {Py_sq_length, reinterpret_cast<void*>(lines_length)},
    {Py_tp_dealloc, reinterpret_cast<void*>(lines_dealloc)},
    {0, nullptr},
};
}  // namespace aiocollect
