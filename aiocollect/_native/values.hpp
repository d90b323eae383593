// What collect() is given, where its rows can be copied without a call into Python.

#pragma once

#include "objects.hpp"

namespace aiocollect {

// The heads of numpy's arrays and dtypes, which are the same in numpy 1 and 2.
struct Array {  // PyArrayObject_fields
    PyObject_HEAD
    char* data;
    int dimensions;
    Py_ssize_t* lengths;
    Py_ssize_t* strides;
    PyObject* base;
    PyObject* dtype;
};
struct Dtype {  // PyArray_Descr
    PyObject_HEAD
    PyTypeObject* scalar;
    char kind, letter, byte_order;
};

inline bool type_of(const Dtype* dtype, Type& type) {
    if (dtype->byte_order != '=' && dtype->byte_order != '|') {
        return false;
    }
    switch (dtype->letter) {
        case '?': type = Type::kBool; return true;
        case 'b': type = Type::kInt8; return true;
        case 'B': type = Type::kUint8; return true;
        case 'h': type = Type::kInt16; return true;
        case 'H': type = Type::kUint16; return true;
        case 'i': type = Type::kInt32; return true;
        case 'I': type = Type::kUint32; return true;
        case 'l': type = sizeof(long) == 8 ? Type::kInt64 : Type::kInt32; return true;
        case 'L': type = sizeof(long) == 8 ? Type::kUint64 : Type::kUint32; return true;
        case 'q': type = Type::kInt64; return true;
        case 'Q': type = Type::kUint64; return true;
        case 'f': type = Type::kFloat; return true;
        case 'd': type = Type::kDouble; return true;
        default: return false;
    }
}

// By estimate, in bytes of heap: _values/costs.py.
constexpr int64_t kCallCost = 250, kRowCost = 120, kCellCost = 32;
// Columns that a row by name may have here; more go the Python way.
constexpr Py_ssize_t kNamed = 128;
constexpr Py_ssize_t kLongestId = 256;

// A value whose rows can be copied without a call into Python.
class Value {
  public:
    uint32_t rows = 1;
    int64_t cost = 0;
    size_t size = 0;
    Kind kind = Kind::kArray;
    Type type = Type::kDouble;

    ~Value() {
        for (Py_ssize_t i = 0; i < held_; ++i) {
            Py_DECREF(cells_[i]);
        }
    }

    // Whether `data` is such a value. Runs nobody's code but that of a dict's odd keys.
    bool look(PyObject* data, const Shape* shape) {
        width_ = shape->fast_length;
        if (width_ <= 0) {
            return false;
        }
        data_ = data;
        most_ = shape->max_bytes;
        if (PyList_CheckExact(data) || PyTuple_CheckExact(data)) {
            return look_at_list(shape);
        }
        if (shape->array && Py_TYPE(data) == self_as<PyTypeObject>(shape->array)) {
            return look_at_array(shape->row_cost);
        }
        return PyDict_CheckExact(data) && shape->numbers && look_at_dict(shape);
    }

    bool same(const Value& other) const {
        return rows == other.rows && cost == other.cost && size == other.size && kind == other.kind &&
               type == other.type;
    }

    void copy(char* out) const {
        if (array_) {
            copy_array(out);
        } else if (rows == 1 && !nested_) {
            copy_row(out, held_ ? cells_ : items(data_));
        } else {
            for (uint32_t row = 0; row < rows; ++row) {
                out = copy_row(out, items(items(data_)[row]));
            }
        }
    }

  private:
    PyObject* data_ = nullptr;
    Py_ssize_t width_ = 0;
    int64_t most_ = 0;
    const Array* array_ = nullptr;
    bool nested_ = false;
    Py_ssize_t held_ = 0;
    PyObject* cells_[kNamed];

    static Py_ssize_t length(PyObject* some) { return Py_SIZE(some); }
    static PyObject* const* items(PyObject* some) {
        return PyList_CheckExact(some) ? self_as<PyListObject>(some)->ob_item
                                       : self_as<PyTupleObject>(some)->ob_item;
    }
    static bool is_row(PyObject* one) { return PyList_CheckExact(one) || PyTuple_CheckExact(one); }

    bool look_at_list(const Shape* shape) {
        if (length(data_) == width_) {
            PyObject* const* cells = items(data_);
            if (!is_row(cells[0])) {
                cost = shape->row_cost;
                return measure(cells);
            }
        }
        // Beside text a NaN in a column of text is missing.
        return shape->numbers && look_at_rows();
    }

    // Rows of floats alone.
    bool look_at_rows() {
        const Py_ssize_t count = length(data_);
        if (count < 2 || count > UINT32_MAX || !is_row(items(data_)[0])) {
            return false;
        }
        cost = kCallCost + count * (kRowCost + kCellCost * width_);
        if (cost > most_) {
            return false;
        }
        for (Py_ssize_t i = 0; i < count; ++i) {
            PyObject* row = items(data_)[i];
            if (!is_row(row) || length(row) != width_) {
                return false;
            }
            PyObject* const* cells = items(row);
            for (Py_ssize_t k = 0; k < width_; ++k) {
                if (!PyFloat_CheckExact(cells[k])) {
                    return false;
                }
            }
        }
        nested_ = true;
        rows = static_cast<uint32_t>(count);
        size = static_cast<size_t>(count * width_) * sizeof(double);
        return true;
    }

    bool look_at_array(int64_t row_cost) {
        const Array* array = self_as<Array>(data_);
        const int dimensions = array->dimensions;
        if ((dimensions != 1 && dimensions != 2) || array->lengths[dimensions - 1] != width_ ||
            !type_of(self_as<Dtype>(array->dtype), type)) {
            return false;
        }
        const Py_ssize_t count = dimensions == 1 ? 1 : array->lengths[0];
        if (count < 1 || count > UINT32_MAX) {
            return false;
        }
        const Py_ssize_t step = static_cast<Py_ssize_t>(kTypeSize[static_cast<int>(type)]);
        if (count > most_ / (kRowCost + width_ * step)) {
            return false;
        }
        size = static_cast<size_t>(count * width_ * step);
        cost = dimensions == 1 && type == Type::kDouble
                   ? row_cost
                   : kCallCost + count * kRowCost + static_cast<int64_t>(size);
        rows = static_cast<uint32_t>(count);
        array_ = array;
        return cost <= most_;
    }

    // One row of numbers by name.
    bool look_at_dict(const Shape* shape) {
        if (PyDict_GET_SIZE(data_) != width_ || width_ > kNamed || !shape->features ||
            !PyTuple_CheckExact(shape->features) || PyTuple_GET_SIZE(shape->features) != width_) {
            return false;
        }
        for (; held_ < width_; ++held_) {
            PyObject* cell = PyDict_GetItemWithError(data_, PyTuple_GET_ITEM(shape->features, held_));
            if (!cell || PyUnicode_CheckExact(cell)) {
                PyErr_Clear();
                return false;
            }
            cells_[held_] = Py_NewRef(cell);
        }
        cost = shape->row_cost;
        return measure(cells_);
    }

    // One row of cells of exact types.
    bool measure(PyObject* const* cells) {
        bool floats = true;
        size = 0;
        for (Py_ssize_t i = 0; i < width_; ++i) {
            PyObject* cell = cells[i];
            if (PyFloat_CheckExact(cell)) {
                size += 9;
                continue;
            }
            floats = false;
            if (PyUnicode_CheckExact(cell)) {
                if (!PyUnicode_IS_COMPACT_ASCII(cell)) {
                    return false;
                }
                const Py_ssize_t length = PyUnicode_GET_LENGTH(cell);
                cost += 4 * length;
                if (cost > most_) {
                    return false;
                }
                size += 5 + static_cast<size_t>(length);
            } else if (cell == Py_None || PyBool_Check(cell)) {
                size += 1;
            } else if (PyLong_CheckExact(cell)) {
                int overflow;
                (void)PyLong_AsLongLongAndOverflow(cell, &overflow);
                if (overflow) {
                    return false;
                }
                size += 9;
            } else {
                return false;
            }
        }
        if (floats) {
            size = static_cast<size_t>(width_) * sizeof(double);
        } else {
            kind = Kind::kCells;
        }
        return cost <= most_;
    }

    char* copy_row(char* out, PyObject* const* cells) const {
        if (kind == Kind::kArray) {
            for (Py_ssize_t i = 0; i < width_; ++i) {
                const double value = PyFloat_AS_DOUBLE(cells[i]);
                std::memcpy(out + 8 * i, &value, sizeof value);
            }
            return out + 8 * width_;
        }
        for (Py_ssize_t i = 0; i < width_; ++i) {
            out = copy_cell(out, cells[i]);
        }
        return out;
    }

    static char* copy_cell(char* out, PyObject* cell) {
        if (PyFloat_CheckExact(cell)) {
            *out++ = static_cast<char>(Tag::kDouble);
            const double value = PyFloat_AS_DOUBLE(cell);
            std::memcpy(out, &value, sizeof value);
            return out + sizeof value;
        }
        if (PyUnicode_CheckExact(cell)) {
            *out++ = static_cast<char>(Tag::kText);
            const uint32_t length = static_cast<uint32_t>(PyUnicode_GET_LENGTH(cell));
            std::memcpy(out, &length, sizeof length);
            std::memcpy(out + sizeof length, PyUnicode_1BYTE_DATA(cell), length);
            return out + sizeof length + length;
        }
        if (cell == Py_None || PyBool_Check(cell)) {
            *out++ = static_cast<char>(cell == Py_None ? Tag::kNone
                                       : cell == Py_True ? Tag::kTrue : Tag::kFalse);
            return out;
        }
        *out++ = static_cast<char>(Tag::kInt);
        int overflow;
        const int64_t value = PyLong_AsLongLongAndOverflow(cell, &overflow);
        std::memcpy(out, &value, sizeof value);
        return out + sizeof value;
    }

    void copy_array(char* out) const {
        const size_t step = kTypeSize[static_cast<int>(type)];
        const size_t line = static_cast<size_t>(width_) * step;
        const int dimensions = array_->dimensions;
        const Py_ssize_t across = array_->strides[dimensions - 1];
        const Py_ssize_t down = dimensions == 1 ? 0 : array_->strides[0];
        const bool dense = across == static_cast<Py_ssize_t>(step);
        if (dense && (rows == 1 || down == static_cast<Py_ssize_t>(line))) {
            std::memcpy(out, array_->data, line * rows);
            return;
        }
        for (uint32_t row = 0; row < rows; ++row) {
            const char* from = array_->data + down * static_cast<Py_ssize_t>(row);
            if (dense) {
                std::memcpy(out, from, line);
                out += line;
                continue;
            }
            for (Py_ssize_t i = 0; i < width_; ++i) {
                std::memcpy(out, from + across * i, step);
                out += step;
            }
        }
    }
};

}  // namespace aiocollect
