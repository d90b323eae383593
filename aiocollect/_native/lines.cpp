// Encoded rows, many together: the type that travels from the drain to the store.

#include "lines.hpp"

#include <new>

#include "crc.hpp"

namespace aiocollect {

namespace {

constexpr int kSpares = 4;             // as many Lines as are mostly under way
constexpr size_t kMuch = 512 * 1024;  // what is larger is given back to the system
Bytes spares[kSpares];

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

void take_memory(Bytes& text) {
    for (Bytes& spare : spares) {
        if (spare.capacity() > text.capacity()) {
            text.swap(spare);
        }
    }
}

void give_memory(Bytes& text) {
    text.clear(kMuch);
    for (Bytes& spare : spares) {
        if (spare.capacity() < text.capacity()) {
            text.swap(spare);
        }
    }
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

size_t offset_of(const Lines* lines, size_t row) {
    size_t offset = 0;
    for (size_t at = 0; at < row; ++at) {
        offset += lines->length(at);
    }
    return offset;
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
    Py_CLEAR(lines->data);
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

// Rows that are added to -------------------------------------------------------------------------

// Bytes that grow, in an object that becomes Python's as it is: so a block is never copied whole.
class Growing {
  public:
    bool make_room(size_t more, size_t most) {
        const size_t wanted = size + more;
        if (object_ && wanted <= capacity()) {
            return true;
        }
        // Each growth is new memory, so there are few: a slice, four, sixteen.
        size_t room = 4 * capacity() < most ? 4 * capacity() : most;
        room = room < wanted ? wanted : room;
        room = room < 64 ? 64 : room;
        PyObject* larger = PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(room));
        if (!larger) {
            return false;
        }
        if (size) {
            std::memcpy(PyBytes_AS_STRING(larger), begin(), size);
        }
        Py_XSETREF(object_, larger);
        return true;
    }
    void put(const void* from, size_t length) {
        std::memcpy(begin() + size, from, length);
        size += length;
    }
    PyObject* copy() const {
        return PyBytes_FromStringAndSize(object_ ? begin() : nullptr, static_cast<Py_ssize_t>(size));
    }
    // Where much of the room was not used, a copy gives it back.
    PyObject* give() {
        if (!object_ || capacity() - size > size / 4) {
            PyObject* exact = copy();
            if (exact || !object_) {
                clear();
                return exact;
            }
            PyErr_Clear();  // no memory for it: as it is
        }
        begin()[size] = 0;
        Py_SET_SIZE(object_, static_cast<Py_ssize_t>(size));
        PyObject* given = object_;
        object_ = nullptr;
        size = 0;
        return given;
    }
    void clear() {
        Py_CLEAR(object_);
        size = 0;
    }

    size_t size = 0;

  private:
    PyObject* object_ = nullptr;  // bytes that nobody else has; its size is the capacity

    char* begin() const { return PyBytes_AS_STRING(object_); }
    size_t capacity() const { return object_ ? static_cast<size_t>(PyBytes_GET_SIZE(object_)) : 0; }
};

struct OpenLines {
    PyObject_HEAD
    Growing data, lengths;
    int64_t most;
    uint32_t crc;
};

int open_init(PyObject* self, PyObject* args, PyObject* kwargs) {
    static const char* keys[] = {"most", nullptr};
    long long most;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "L", const_cast<char**>(keys), &most)) {
        return -1;
    }
    self_as<OpenLines>(self)->most = most;
    return 0;
}

PyObject* open_add(PyObject* self, PyObject* object) {
    if (!Py_IS_TYPE(object, lines_type)) {
        PyErr_SetString(PyExc_TypeError, "add() takes Lines");
        return nullptr;
    }
    OpenLines* open = self_as<OpenLines>(self);
    const Lines* lines = self_as<Lines>(object);
    const int64_t room = open->most - static_cast<int64_t>(open->data.size);
    size_t rows = lines->rows(), size = lines->size();
    if (static_cast<int64_t>(size) > room) {
        rows = fitting(lines, room);
        if (rows == 0 && open->lengths.size == 0 && lines->rows()) {
            rows = 1;  // the first row always fits
        }
        size = offset_of(lines, rows);
    }
    const size_t bytes = rows * sizeof(uint32_t);
    const size_t most = open->most > 0 ? static_cast<size_t>(open->most) : 0;
    if (!open->data.make_room(size, most) || !open->lengths.make_room(bytes, most)) {
        return nullptr;
    }
    const char* from = lines->begin();
    open->data.put(from, size);
    open->lengths.put(PyBytes_AS_STRING(lines->lengths), bytes);
    open->crc = crc32(from, size, open->crc);
    return PyLong_FromSize_t(rows);
}

PyObject* open_lines(PyObject* self, PyObject*) {
    const OpenLines* open = self_as<OpenLines>(self);
    return new_lines(open->data.copy(), open->lengths.copy());
}

PyObject* open_close(PyObject* self, PyObject*) {
    OpenLines* open = self_as<OpenLines>(self);
    // First what can fail; from then on the rows are in the new object.
    PyObject* lines = new_lines(Py_NewRef(Py_None), Py_NewRef(Py_None));
    if (!lines) {
        return nullptr;
    }
    PyObject* lengths = open->lengths.copy();
    PyObject* data = lengths ? open->data.give() : nullptr;
    if (!data) {
        Py_XDECREF(lengths);
        Py_DECREF(lines);
        return nullptr;
    }
    open->lengths.clear();
    Lines* made = self_as<Lines>(lines);
    Py_SETREF(made->data, data);
    Py_SETREF(made->lengths, lengths);
    made->crc = open->crc;
    made->has_crc = 1;
    open->crc = 0;
    return lines;
}

PyObject* open_rows(PyObject* self, void*) {
    return PyLong_FromSize_t(self_as<OpenLines>(self)->lengths.size / sizeof(uint32_t));
}

PyObject* open_size(PyObject* self, void*) {
    return PyLong_FromSize_t(self_as<OpenLines>(self)->data.size);
}

void open_dealloc(PyObject* self) {
    self_as<OpenLines>(self)->data.clear();
    self_as<OpenLines>(self)->lengths.clear();
    free_plain(self);
}

PyMethodDef open_methods[] = {{"add", open_add, METH_O, nullptr},
                              {"lines", open_lines, METH_NOARGS, nullptr},
                              {"close", open_close, METH_NOARGS, nullptr},
                              {nullptr, nullptr, 0, nullptr}};
PyGetSetDef open_getset[] = {{"rows", open_rows, nullptr, nullptr, nullptr},
                             {"size", open_size, nullptr, nullptr, nullptr},
                             {nullptr, nullptr, nullptr, nullptr, nullptr}};
}  // namespace

const size_t open_lines_size = sizeof(OpenLines);

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
PyType_Slot open_lines_slots[] = {
    {Py_tp_init, reinterpret_cast<void*>(open_init)},
    {Py_tp_methods, open_methods},
    {Py_tp_getset, open_getset},
    {Py_tp_dealloc, reinterpret_cast<void*>(open_dealloc)},
    {0, nullptr},
};

}  // namespace aiocollect
