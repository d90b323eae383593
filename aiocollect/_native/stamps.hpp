// What a call is stamped with: id, scoring time, index of its first row.

#pragma once

#include "values.hpp"

namespace aiocollect {

// What a call is stamped with, as far as it is given.
class Stamp {
  public:
    PyObject* id = nullptr;  // its text; nullptr: a new one of ours
    size_t id_size = 0;
    int64_t id_cost = 0;  // by row
    int64_t time = -1, hour = -1, first = 0;
    bool dated = false;  // the id carries the hour

    // Whether the call can be stamped here. Runs nobody's code.
    bool look(PyObject* context, PyObject* const* given) {
        if (context) {
            if (!PyObject_TypeCheck(context, scoring_type) || given[0]) {
                return false;
            }
            scoring_ = self_as<Scoring>(context);
        }
        if (given[0]) {
            id = given[0];
        } else if (scoring_ && scoring_->id && scoring_->id != Py_None) {
            id = scoring_->id;
        }
        if (id) {
            if (!PyUnicode_CheckExact(id) || !PyUnicode_IS_COMPACT_ASCII(id)) {
                return false;
            }
            id_size = static_cast<size_t>(PyUnicode_GET_LENGTH(id));
            if (!id_size || id_size > kLongestId) {
                return false;
            }
            if (scoring_) {
                if (!scoring_->hour || !PyLong_CheckExact(scoring_->hour)) {
                    return false;
                }
                hour = PyLong_AsLongLong(scoring_->hour);
            } else {
                hour = hour_of_id(reinterpret_cast<const char*>(PyUnicode_1BYTE_DATA(id)), id_size);
            }
            dated = hour >= 0;
        }
        if (id || scoring_) {
            id_cost = 4 * static_cast<int64_t>(id ? id_size : kIdText);
        }
        return look_at(given[1]) && look_at_row(given[2]);
    }

    // Where a stream's rows go on under the correlation(): all streams of a call begin together.
    bool look_for_first(uint32_t rows, const Stream* stream) {
        int64_t next;
        if (!known(stream, next)) {
            return false;
        }
        if (!row_given_ && next > first) {
            first = next;
        }
        return rows <= UINT32_MAX;
    }

    bool fits(uint32_t rows) const { return first + rows <= UINT32_MAX; }

    // Count the rows under the correlation(). False: no memory.
    bool count(uint32_t rows, const Stream* stream) {
        if (!scoring_) {
            return true;
        }
        int64_t next;
        if (!known(stream, next)) {
            return false;
        }
        if (first + rows > next) {
            next = first + rows;
        }
        PyObject* number = PyLong_FromLongLong(next);
        const bool counted = number && PyDict_SetItem(scoring_->rows, stream->label, number) == 0;
        Py_XDECREF(number);
        return counted;
    }

    // Let the correlation() have the new id.
    void keep(PyObject* text, int64_t its_hour) {
        if (scoring_ && !id) {
            Py_XSETREF(scoring_->id, Py_NewRef(text));
            Py_XSETREF(scoring_->hour, PyLong_FromLongLong(its_hour));
        }
    }

  private:
    Scoring* scoring_ = nullptr;
    bool row_given_ = false;

    // The index of the stream's next row. False: it cannot be said here.
    bool known(const Stream* stream, int64_t& next) const {
        next = 0;
        if (!scoring_) {
            return true;
        }
        if (!stream->label || !scoring_->rows || !PyDict_CheckExact(scoring_->rows)) {
            return false;
        }
        PyObject* number = PyDict_GetItemWithError(scoring_->rows, stream->label);
        if (!number) {
            const bool absent = !PyErr_Occurred();
            PyErr_Clear();
            return absent;
        }
        int overflow;
        next = PyLong_CheckExact(number) ? PyLong_AsLongLongAndOverflow(number, &overflow) : -1;
        return next >= 0;
    }

    bool look_at(PyObject* at) {
        constexpr double kEnd = 253'402'300'800;  // the year 10000
        if (!at) {
            return true;
        }
        if (PyFloat_CheckExact(at)) {
            const double seconds = PyFloat_AS_DOUBLE(at);
            if (!(seconds >= 0 && seconds < kEnd)) {
                return false;
            }
            time = static_cast<int64_t>(std::nearbyint(seconds * 1e6));
            return true;
        }
        if (PyLong_CheckExact(at)) {
            int overflow;
            const int64_t seconds = PyLong_AsLongLongAndOverflow(at, &overflow);
            if (overflow || seconds < 0 || seconds >= static_cast<int64_t>(kEnd)) {
                return false;
            }
            time = seconds * 1'000'000;
            return true;
        }
        return false;
    }

    bool look_at_row(PyObject* row) {
        if (!row) {
            return true;
        }
        int overflow;
        row_given_ = true;
        first = PyLong_CheckExact(row) ? PyLong_AsLongLongAndOverflow(row, &overflow) : -1;
        return first >= 0 && first <= UINT32_MAX;
    }
};

}  // namespace aiocollect
