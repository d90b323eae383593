// Calls given back to Python, as the Python way has them: where no channel can be found for their
// rows, these become dead letters.

#include "ring.hpp"

namespace aiocollect {
namespace {

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
        case Type::kHalf: return PyFloat_FromDouble(double_of_half(load<uint16_t>(at)));
        case Type::kFloat: {
            // With a float's digits: the double that its text is.
            char text[kFloatText + 1];
            const float value = load<float>(at);
            if (!std::isfinite(value)) {
                return PyFloat_FromDouble(value);
            }
            *write_float(text, value) = 0;
            const double same = PyOS_string_to_double(text, nullptr, nullptr);
            return same == -1 && PyErr_Occurred() ? nullptr : PyFloat_FromDouble(same);
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

}  // namespace

PyObject* ring_take(PyObject* self, PyObject*) {
    Ring* ring = self_as<Ring>(self);
    if (is_read(ring)) {
        return nullptr;
    }
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
            if (!part) {
                Py_DECREF(id);
            }
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

PyObject* ring_take_object(PyObject* self, PyObject* nothing) {
    const Record* record = self_as<Ring>(self)->arena->front();
    if (!record || record->kind != Kind::kObject) {
        Py_RETURN_NONE;
    }
    return ring_take(self, nothing);
}

}  // namespace aiocollect
