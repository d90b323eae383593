// Encoded rows that more are added to, until a block is sealed.

#include "crc.hpp"
#include "lines.hpp"

namespace aiocollect {

namespace {

// Bytes that grow, in an object that becomes Python's as it is: so a block is never copied whole.
class Growing {
  public:
    bool make_room(size_t more, size_t most) {
        const size_t wanted = size + more;
        if (object_ && wanted <= capacity_) {
            return true;
        }
        // Each growth is new memory, so there are few: a slice, four, sixteen.
        size_t room = 4 * capacity_ < most ? 4 * capacity_ : most;
        room = room < wanted ? wanted : room;
        room = room < 64 ? 64 : room;
        PyObject* larger = take_block(room, room);
        if (!larger) {
            larger = PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(room));
        }
        if (!larger) {
            return false;
        }
        if (size) {
            std::memcpy(PyBytes_AS_STRING(larger), begin(), size);
        }
        const size_t filled = size;
        clear();
        object_ = larger;
        capacity_ = room;
        size = filled;
        return true;
    }
    void put(const void* from, size_t length) {
        std::memcpy(begin() + size, from, length);
        size += length;
    }
    PyObject* copy() const {
        return PyBytes_FromStringAndSize(object_ ? begin() : nullptr, static_cast<Py_ssize_t>(size));
    }
    // Where much of the room was not used, a copy gives it back. `made_for`: its capacity, if it can
    // be used again.
    PyObject* give(size_t& made_for) {
        made_for = 0;
        if (!object_ || capacity_ - size > size / 4) {
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
        made_for = capacity_;
        object_ = nullptr;
        size = capacity_ = 0;
        return given;
    }
    void clear() {
        if (object_) {
            give_block(object_, capacity_);
        }
        object_ = nullptr;
        size = capacity_ = 0;
    }

    size_t size = 0;

  private:
    PyObject* object_ = nullptr;  // bytes that nobody else has
    size_t capacity_ = 0;         // what they have room for, whatever their size says

    char* begin() const { return PyBytes_AS_STRING(object_); }
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
    size_t capacity = 0;
    PyObject* data = lengths ? open->data.give(capacity) : nullptr;
    if (!data) {
        Py_XDECREF(lengths);
        Py_DECREF(lines);
        return nullptr;
    }
    open->lengths.clear();
    Lines* made = self_as<Lines>(lines);
    Py_SETREF(made->data, data);
    made->capacity = capacity;
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

PyType_Slot open_lines_slots[] = {
    {Py_tp_init, reinterpret_cast<void*>(open_init)},
    {Py_tp_methods, open_methods},
    {Py_tp_getset, open_getset},
    {Py_tp_dealloc, reinterpret_cast<void*>(open_dealloc)},
    {0, nullptr},
};

}  // namespace aiocollect
