// What collect() is given, where its rows can be copied without a call into Python: rows of cells
// of exact types in lists, tuples and dicts, one cell alone, and arrays of numpy's numbers.

#pragma once

#include "arrays.hpp"
#include "text.hpp"

namespace aiocollect {

// By estimate, in bytes of heap: _values/costs.py.
constexpr int64_t kCallCost = 250, kRowCost = 120, kCellCost = 32;
// Columns that a row by name may have here; more go the Python way.
constexpr Py_ssize_t kNamed = 128;

// Whether the error that is set, if any, is one that the Python way finds too, and tells. It is
// cleared; Ctrl-C and sys.exit() stay.
inline bool clear_error() {
    if (PyErr_ExceptionMatches(PyExc_KeyboardInterrupt) || PyErr_ExceptionMatches(PyExc_SystemExit)) {
        return false;
    }
    PyErr_Clear();
    return true;
}

class Value {
  public:
    uint32_t rows = 1;
    Py_ssize_t width = 0;
    int64_t cost = 0;
    Kind kind = Kind::kArray;
    Type type = Type::kDouble;

    Value() {}  // not defaulted: {} would fill its cells with zeros, at each call
    Value(const Value&) = delete;
    Value& operator=(const Value&) = delete;
    ~Value() { let_go(); }

    // A dict may have keys that run anybody's code when they are compared: so dicts are looked at
    // first, and what is found is held.
    static bool is_named(PyObject* data) { return PyDict_CheckExact(data); }

    // Whether `data` can be copied here. Runs nobody's code but that of a dict's odd keys; an error
    // that is left is not of the data.
    bool look(PyObject* data, const Shape* shape) {
        let_go();
        width = shape->width;
        if (width <= 0) {
            return false;
        }
        data_ = data;
        most_ = shape->max_bytes;
        texts_ = shape->texts && PyBytes_CheckExact(shape->texts) && PyBytes_GET_SIZE(shape->texts) >= width
                     ? PyBytes_AS_STRING(shape->texts)
                     : nullptr;
        rows = 1;
        size_ = 0;
        kind = Kind::kArray;
        type = Type::kDouble;
        array_ = nullptr;
        form_ = Form::kCell;
        if (is_row(data)) {
            return look_at_list(shape);
        }
        if (shape->array && Py_TYPE(data) == self_as<PyTypeObject>(shape->array)) {
            return look_at_array(shape->is_column);
        }
        if (is_named(data)) {
            return look_at_dict(shape) && measure();
        }
        return width == 1 && data != Py_None && measure();
    }

    // The bytes of its records, where each has so many for its id; at least that.
    size_t room(size_t id_size) const {
        return kind == Kind::kArray ? Arena::size_of(size_, id_size)
                                    : size_ + rows * Arena::size_of(7, id_size);
    }

    // Its records: all rows of an array, or one row of cells each.
    uint32_t records() const { return kind == Kind::kArray ? 1 : rows; }

    // The bytes of a record's cells.
    size_t size(uint32_t record) const {
        return kind == Kind::kArray ? size_ : row_size(row(record));
    }

    void copy(uint32_t record, char* out) const {
        // What is written could be anything, for all that the compiler knows: so it is told that
        // these stay.
        const Py_ssize_t count = width;
        const uint32_t all = rows;
        if (array_) {
            copy_array(out, array_, type, all, count, form_ == Form::kColumn);
        } else if (kind == Kind::kCells) {
            PyObject* const* cells = row(record);
            for (Py_ssize_t i = 0; i < count; ++i) {
                out = copy_cell(out, cells[i], i);
            }
        } else {
            for (uint32_t at = 0; at < all; ++at) {
                PyObject* const* cells = row(at);
                for (Py_ssize_t i = 0; i < count; ++i, out += sizeof(double)) {
                    const double value = PyFloat_AS_DOUBLE(cells[i]);
                    std::memcpy(out, &value, sizeof value);
                }
            }
        }
    }

  private:
    // How the rows stand in what was given.
    enum class Form : uint8_t { kRow, kRows, kColumn, kCell, kNamed, kRecords };

    PyObject* data_ = nullptr;
    int64_t most_ = 0;
    size_t size_ = 0;  // of all cells
    const char* texts_ = nullptr;
    const Array* array_ = nullptr;
    Form form_ = Form::kCell;
    const Shape* shape_ = nullptr;
    Py_ssize_t held_ = 0;
    mutable PyObject* cells_[kNamed];

    void let_go() {
        while (held_) {
            Py_DECREF(cells_[--held_]);
        }
    }

    static Py_ssize_t length(PyObject* some) { return Py_SIZE(some); }
    static PyObject* const* items(PyObject* some) {
        return PyList_CheckExact(some) ? self_as<PyListObject>(some)->ob_item
                                       : self_as<PyTupleObject>(some)->ob_item;
    }
    static bool is_row(PyObject* one) { return PyList_CheckExact(one) || PyTuple_CheckExact(one); }

    PyObject* const* row(uint32_t at) const {
        switch (form_) {
            case Form::kRow: return items(data_);
            case Form::kRows: return items(items(data_)[at]);
            case Form::kColumn: return items(data_) + at;
            case Form::kCell: return &data_;
            case Form::kNamed: return cells_;
            case Form::kRecords: break;
        }
        PyObject* record = items(data_)[at];
        for (Py_ssize_t i = 0; i < width; ++i) {
            PyObject* cell = PyDict_GetItemWithError(record, PyTuple_GET_ITEM(shape_->features, i));
            cells_[i] = cell ? cell : Py_None;
        }
        return cells_;
    }

    bool look_at_list(const Shape* shape) {
        const Py_ssize_t count = length(data_);
        if (count < 1 || count > UINT32_MAX) {
            return false;
        }
        PyObject* first = items(data_)[0];
        rows = static_cast<uint32_t>(count);
        if (is_row(first)) {
            form_ = Form::kRows;
        } else if (PyDict_CheckExact(first)) {
            form_ = Form::kRecords;
            if (!has_names(shape)) {
                return false;
            }
        } else if (shape->is_column) {
            form_ = Form::kColumn;
        } else {
            form_ = Form::kRow;
            rows = 1;
            if (count != width) {
                return false;
            }
        }
        return measure();
    }

    bool has_names(const Shape* shape) {
        shape_ = shape;
        return width <= kNamed && shape->features && PyTuple_CheckExact(shape->features) &&
               PyTuple_GET_SIZE(shape->features) == width;
    }

    bool look_at_array(bool as_column) {
        const Array* array = self_as<Array>(data_);
        const int dimensions = array->dimensions;
        if ((dimensions != 1 && dimensions != 2) || !type_of(array, type)) {
            return false;
        }
        const bool column = dimensions == 1 && as_column;
        const Py_ssize_t count = dimensions == 2 || column ? array->lengths[0] : 1;
        if ((!column && array->lengths[dimensions - 1] != width) || count < 1 || count > UINT32_MAX) {
            return false;
        }
        const Py_ssize_t step = static_cast<Py_ssize_t>(kTypeSize[static_cast<int>(type)]);
        if (count > most_ / (kRowCost + width * step)) {
            return false;
        }
        size_ = static_cast<size_t>(count * width * step);
        const bool usual = dimensions == 1 && !column && type == Type::kDouble;
        cost = kCallCost + count * kRowCost +
               (usual ? kCellCost * width : static_cast<int64_t>(size_));
        rows = static_cast<uint32_t>(count);
        array_ = array;
        form_ = column ? Form::kColumn : Form::kRows;
        return cost <= most_;
    }

    // One row by name: what is absent is missing, and a name that is not known is refused.
    bool look_at_dict(const Shape* shape) {
        const Py_ssize_t given = PyDict_GET_SIZE(data_);
        if (!has_names(shape) || given > width || (given < width && !has_plain_names(data_))) {
            return false;
        }
        form_ = Form::kNamed;
        Py_ssize_t found = 0;
        while (held_ < width) {
            PyObject* cell = PyDict_GetItemWithError(data_, PyTuple_GET_ITEM(shape->features, held_));
            if (!cell && PyErr_Occurred()) {
                clear_error();
                return false;
            }
            found += cell != nullptr;
            cells_[held_++] = Py_NewRef(cell ? cell : Py_None);
        }
        return found == given;
    }

    // Whether all keys are plain text, so that looking one up runs nobody's code.
    static bool has_plain_names(PyObject* record) {
        PyObject* key;
        Py_ssize_t place = 0;
        while (PyDict_Next(record, &place, &key, nullptr)) {
            if (!PyUnicode_CheckExact(key)) {
                return false;
            }
        }
        return true;
    }

    bool is_row_here(PyObject* one) const {
        if (form_ == Form::kRows) {
            return is_row(one) && length(one) == width;
        }
        if (!PyDict_CheckExact(one) || PyDict_GET_SIZE(one) > width || !has_plain_names(one)) {
            return false;
        }
        Py_ssize_t found = 0;
        for (Py_ssize_t i = 0; i < width; ++i) {
            found += PyDict_GetItemWithError(one, PyTuple_GET_ITEM(shape_->features, i)) != nullptr;
        }
        return found == PyDict_GET_SIZE(one);
    }

    bool has_floats_alone(PyObject* const* cells) const {
        Py_ssize_t i = 0;
        while (i < width && PyFloat_CheckExact(cells[i])) {
            ++i;
        }
        return i == width;
    }

    // Whether all rows have cells of exact types, and how large they are.
    bool measure() {
        cost = kCallCost + rows * (kRowCost + kCellCost * width);
        if (cost > most_) {
            return false;
        }
        if (form_ == Form::kRow && has_floats_alone(items(data_))) {  // most calls are such a row
            size_ = static_cast<size_t>(width) * sizeof(double);
            return true;
        }
        bool floats = true;
        for (uint32_t at = 0; at < rows; ++at) {
            if ((form_ == Form::kRows || form_ == Form::kRecords) && !is_row_here(items(data_)[at])) {
                return false;
            }
            PyObject* const* cells = row(at);
            for (Py_ssize_t i = 0; i < width; ++i) {
                PyObject* cell = cells[i];
                if (PyFloat_CheckExact(cell)) {
                    size_ += 9;
                    floats = floats && !is_gap(cell, i);
                    continue;
                }
                floats = false;
                if (is_text(cell)) {
                    // The first text of a column changes what a NaN in it means.
                    if (form_ != Form::kRow && !(texts_ && texts_[i])) {
                        return false;
                    }
                    cost += 4 * PyUnicode_GET_LENGTH(cell);
                    const Py_ssize_t length = cost > most_ ? -1 : utf8_size(cell);
                    if (length < 0) {
                        return false;
                    }
                    size_ += 5 + static_cast<size_t>(length);
                } else if (cell == Py_None || PyBool_Check(cell)) {
                    size_ += 1;
                } else if (PyLong_CheckExact(cell)) {
                    int overflow;
                    (void)PyLong_AsLongLongAndOverflow(cell, &overflow);
                    if (overflow) {
                        return false;
                    }
                    size_ += 9;
                } else {
                    return false;
                }
            }
        }
        if (floats) {
            size_ = static_cast<size_t>(rows) * static_cast<size_t>(width) * sizeof(double);
        } else {
            kind = Kind::kCells;
        }
        return cost <= most_;
    }

    // Whether a float is a missing cell: NaN is, in a column of text, as pandas hands it over. A
    // single list is taken as it is.
    bool is_gap(PyObject* cell, Py_ssize_t column) const {
        return texts_ && texts_[column] && form_ != Form::kRow && std::isnan(PyFloat_AS_DOUBLE(cell));
    }

    size_t row_size(PyObject* const* cells) const {
        size_t size = 0;
        for (Py_ssize_t i = 0; i < width; ++i) {
            PyObject* cell = cells[i];
            size += is_text(cell)                              ? 5 + static_cast<size_t>(utf8_size(cell))
                    : cell == Py_None || PyBool_Check(cell) ? 1
                                                               : 9;
        }
        return size;
    }

    char* copy_cell(char* out, PyObject* cell, Py_ssize_t column) const {
        if (PyFloat_CheckExact(cell)) {
            if (is_gap(cell, column)) {
                *out++ = static_cast<char>(Tag::kNone);
                return out;
            }
            *out++ = static_cast<char>(Tag::kDouble);
            const double value = PyFloat_AS_DOUBLE(cell);
            std::memcpy(out, &value, sizeof value);
            return out + sizeof value;
        }
        if (is_text(cell)) {
            *out++ = static_cast<char>(Tag::kText);
            char* const text = out + sizeof(uint32_t);
            char* const end = write_utf8(text, cell);
            const uint32_t length = static_cast<uint32_t>(end - text);
            std::memcpy(out, &length, sizeof length);
            return end;
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
};

}  // namespace aiocollect
