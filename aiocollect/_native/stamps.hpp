// What a call is stamped with: id, scoring time, index of its first row.

#pragma once

#include "values.hpp"

namespace aiocollect {

constexpr Py_ssize_t kLongestId = 256;  // in characters, as in _engine/stamps.py

// What a call is stamped with, as far as it is given.
class Stamp {
  public:
    PyObject* id = nullptr;  // its text; nullptr: a new one of ours
    size_t id_size = 0;      // as UTF-8
    int64_t id_cost = 0;     // by row
    int64_t time = -1, hour = -1, first = 0;

    // The scoring time that is given. May run the code of a time zone.
    bool look_at(PyObject* at) {
        constexpr double kEnd = 253'402'300'800;  // the year 10000
        if (!at) {
            return true;
        }
        double seconds = -1;
        if (PyFloat_CheckExact(at)) {
            seconds = PyFloat_AS_DOUBLE(at);
        } else if (PyLong_CheckExact(at)) {
            int overflow;
            const int64_t whole = PyLong_AsLongLongAndOverflow(at, &overflow);
            seconds = overflow || whole < 0 || whole > int64_t{1} << 40 ? -1 : static_cast<double>(whole);
        } else if (is_aware(at)) {
            PyObject* found = PyObject_CallMethodNoArgs(at, timestamp);
            if (!found) {
                clear_error();
                return false;
            }
            if (PyFloat_CheckExact(found)) {
                seconds = PyFloat_AS_DOUBLE(found);
            }
            Py_DECREF(found);
        }
        if (!(seconds >= 0 && seconds < kEnd)) {
            return false;
        }
        time = static_cast<int64_t>(std::nearbyint(seconds * 1e6));
        return true;
    }

    // Whether the call can be stamped here. Runs nobody's code.
    bool look(PyObject* context, PyObject* const* given) {
        scoring_ = as_scoring(context);
        if (context && !scoring_) {
            return false;
        }
        if (given[0]) {
            id = given[0];
            if (!is_text(id)) {
                return false;
            }
            // The innermost block with this id counts its rows.
            while (scoring_ && !is_id_of(scoring_)) {
                scoring_ = as_scoring(scoring_->outer);
            }
        } else if (scoring_ && scoring_->id && scoring_->id != Py_None) {
            id = scoring_->id;
        }
        if (scoring_ && !id) {
            id_cost = 4 * static_cast<int64_t>(kIdText);
        }
        return (!id || look_at_id()) && look_at_row(given[2]);
    }

    // Where a stream's rows go on under the correlation(): all streams of a call begin together.
    bool look_for_first(const Stream* stream) {
        int64_t next;
        if (!known(stream, next)) {
            return false;
        }
        if (!row_given_ && next > first) {
            first = next;
        }
        return true;
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

    // Let the correlation() have the id and its hour. False: no memory.
    bool keep(PyObject* text, int64_t its_hour) {
        if (!scoring_ || (id && hour_known_)) {
            return true;
        }
        PyObject* number = PyLong_FromLongLong(id ? hour : its_hour);
        if (!number) {
            return false;
        }
        Py_XSETREF(scoring_->hour, number);
        if (!id) {
            Py_XSETREF(scoring_->id, Py_NewRef(text));
        }
        return true;
    }

  private:
    Scoring* scoring_ = nullptr;
    bool row_given_ = false;
    bool hour_known_ = false;  // the correlation() has it already

    static Scoring* as_scoring(PyObject* context) {
        return context && PyObject_TypeCheck(context, scoring_type) ? self_as<Scoring>(context) : nullptr;
    }

    // A datetime with a time zone. An error that is left is not of it.
    static bool is_aware(PyObject* at) {
        if (Py_TYPE(at) != self_as<PyTypeObject>(datetime_class)) {
            return false;
        }
        PyObject* zone = PyObject_GetAttr(at, tzinfo);
        Py_XDECREF(zone);
        return zone && zone != Py_None;
    }

    bool is_id_of(const Scoring* scoring) const {
        return scoring->id == id || (scoring->id && is_text(scoring->id) && PyUnicode_Compare(scoring->id, id) == 0);
    }

    bool look_at_id() {
        const Py_ssize_t length = is_text(id) ? PyUnicode_GET_LENGTH(id) : 0;
        const Py_ssize_t size = length && length <= kLongestId ? utf8_size(id) : -1;
        if (size < 0) {
            return false;
        }
        id_size = static_cast<size_t>(size);
        id_cost = 4 * length;
        hour_known_ = scoring_ && scoring_->hour && PyLong_CheckExact(scoring_->hour);
        if (hour_known_) {
            int overflow;
            hour = PyLong_AsLongLongAndOverflow(scoring_->hour, &overflow);
        } else if (PyUnicode_IS_ASCII(id) && (!scoring_ || scoring_->carries_day)) {
            hour = hour_of_id(static_cast<const char*>(PyUnicode_DATA(id)), id_size);
        }
        return true;
    }

    // The index of the stream's next row. False: it cannot be said here.
    bool known(const Stream* stream, int64_t& next) const {
        next = 0;
        if (!scoring_) {
            return true;
        }
        if (!stream->label || !PyUnicode_CheckExact(stream->label) || !scoring_->rows ||
            !PyDict_CheckExact(scoring_->rows)) {
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
