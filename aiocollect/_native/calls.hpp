// A call on its way into the ring: the values of one or several streams, recorded whole or not at all.

#pragma once

#include <ctime>

#include "crc.hpp"
#include "stamps.hpp"

namespace aiocollect {

// One stream's share of a call.
struct Part {
    PyObject* data;
    Shape* shape;
    Stream* stream;
    Origin* origin;
    Value value;
};

// Streams of one model that are recorded together here; more go the Python way.
constexpr int kParts = 8;

// What the names in a call of collect() stand for: correlation_id, at, row.
constexpr int kNames = 3;
extern PyObject* names[kNames];

inline int place_of(PyObject* name) {
    int place = 0;
    while (place < kNames && name != names[place] && PyUnicode_Compare(name, names[place]) != 0) {
        ++place;
    }
    return place;
}

inline int64_t machine_clock() {
    timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

// A clock of a user's: whether it has told the time. An error that is left is not of the clock.
inline bool ask(PyObject* clock, int64_t& micros) {
    PyObject* asked = PyObject_CallNoArgs(clock);
    if (asked) {
        micros = Ids::floor_div(PyLong_AsLongLong(asked), 1000);
        Py_DECREF(asked);
    }
    if (PyErr_Occurred()) {
        clear_error();
        return false;
    }
    return true;
}

// Whether the values can be copied here: `named` those that are dicts, or the others.
inline bool look_at(Part* parts, int count, bool named) {
    for (int i = 0; i < count; ++i) {
        if (Value::is_named(parts[i].data) == named && !parts[i].value.look(parts[i].data, parts[i].shape)) {
            return false;
        }
    }
    return true;
}

// Whether the stream has a path of this hour, or takes it up with this call at no cost.
inline bool knows(const Stream* stream, int64_t hour) {
    if (hour == stream->seen || hour == stream->hour) {
        return true;
    }
    if (!stream->others || !PyDict_CheckExact(stream->others)) {
        return false;
    }
    PyObject* number = PyLong_FromLongLong(hour);
    const bool found = number && PyDict_GetItemWithError(stream->others, number);
    Py_XDECREF(number);
    PyErr_Clear();
    return found;
}

// Counts a call that sampling leaves out; its id, or nullptr with an error.
inline PyObject* left_out(PyObject* recorder, PyObject* text, int64_t rows) {
    PyObject* number = PyLong_FromLongLong(rows);
    PyObject* given[] = {recorder, number};
    PyObject* said = number ? PyObject_VectorcallMethod(leave_out, given, 2, nullptr) : nullptr;
    Py_XDECREF(number);
    if (!said) {
        Py_CLEAR(text);
    }
    Py_XDECREF(said);
    return text;
}

// Copies a part, for which the arena has room.
inline void put(Ring* ring, const Part& part, const Stamp& stamp, const char* letters, int64_t time,
                int64_t hour, uint32_t counter, bool last) {
    const Value& value = part.value;
    const uint32_t records = value.records(), each = records == 1 ? value.rows : 1;
    int64_t cost = value.cost + stamp.id_cost * value.rows;
    for (uint32_t i = 0; i < records; ++i) {
        Record* record = ring->arena->reserve(value.size(i), stamp.id_size);
        record->kind = value.kind;
        record->type = value.type;
        record->ends_call = last && i + 1 == records;
        record->rows = each;
        record->width = static_cast<uint32_t>(value.width);
        record->counter = counter;
        record->first = static_cast<uint32_t>(stamp.first) + i;
        record->cost = records - i == 1 ? cost : cost / (records - i);
        cost -= record->cost;
        record->time = time;
        record->hour = hour;
        record->origin = hold(part.origin);
        std::memcpy(record->id(), letters, stamp.id_size);
        value.copy(i, record->cells());
        ring->arena->commit(record);
    }
    part.stream->seen = hour;
}

// Where it is called it is made for that case, so a call of one stream has no loop over streams.
#define AIOCOLLECT_INLINE inline __attribute__((always_inline))

// Records the call; its id, or nullptr: with an error set, or without: then nothing was done, and
// the call goes the Python way.
AIOCOLLECT_INLINE PyObject* record_call(const Gate* gate, Ring* ring, Account* account, Part* parts, int count,
                             PyObject* const* given, bool paired, PyObject* recorder) {
    Stamp stamp;
    int64_t now = 0;
    if (ring->budget < 0 || !in_force || !stamp.look_at(given[1]) || !look_at(parts, count, true) ||
        !look_at(parts, count, false)) {
        return nullptr;
    }
    // A clock of a user's may have done anything to what was looked at.
    if (ring->clock && !(ask(ring->clock, now) && look_at(parts, count, false))) {
        return nullptr;
    }
    PyObject* context = nullptr;
    if (PyContextVar_Get(in_force, nullptr, &context) < 0) {
        return nullptr;
    }
    if (context == Py_None) {
        Py_CLEAR(context);
    }
    // From here on nothing runs Python code until the call is in the ring.
    bool usual = stamp.look(context, given);
    int64_t rows = 0, cost = 0;
    size_t size = 0;
    for (int i = 0; usual && i < count; ++i) {
        const Value& value = parts[i].value;
        usual = stamp.look_for_first(parts[i].stream) && !(paired && value.rows != parts[0].value.rows);
        rows += value.rows;
        cost += value.cost + stamp.id_cost * value.rows;
        size += value.room(stamp.id_size);
    }
    if (!ring->clock && stamp.time < 0) {
        now = machine_clock();
    }
    Ids& ids = ring->ids->ids;
    const int64_t would_be = stamp.time >= 0 ? stamp.time : ids.would_be(now);
    const int64_t its_hour = Ids::floor_div(would_be, kHour);
    const int64_t hour = stamp.hour >= 0 ? stamp.hour : its_hour;
    // An id of another day than at= is refused, the Python way.
    usual = usual && !(stamp.time >= 0 && stamp.hour >= 0 && stamp.hour / 24 != its_hour / 24);
    for (int i = 0; usual && i < count; ++i) {
        usual = knows(parts[i].stream, hour) && stamp.fits(parts[i].value.rows);
    }
    if (!usual || room(ring, account, cost) != kAccepted || cost > account->share) {
        Py_XDECREF(context);
        return nullptr;
    }
    PyObject* text = stamp.id ? Py_NewRef(stamp.id) : PyUnicode_New(kIdText, 127);
    bool counted = text && ring->arena->ensure(size) && stamp.keep(text, hour);
    for (int i = 0; counted && i < count; ++i) {
        counted = stamp.count(parts[i].value.rows, parts[i].stream);
    }
    Py_XDECREF(context);
    if (!counted) {
        Py_XDECREF(text);
        PyErr_Clear();  // no memory: the Python way says what becomes of the call
        return nullptr;
    }
    const int64_t time = stamp.time >= 0 ? stamp.time : ids.time(now);
    uint32_t counter = 0;
    char copied[4 * kLongestId];
    char* letters = copied;
    size_t length = stamp.id_size;
    if (stamp.id) {
        write_utf8(letters, text);
    } else {
        counter = ids.next();
        letters = static_cast<char*>(PyUnicode_DATA(text));
        length = kIdText;
        ids.write(letters, time, counter);
    }
    if (!gate->every && static_cast<int64_t>(crc32(letters, length)) >= gate->limit) {
        return left_out(recorder, text, rows);
    }
    for (int i = 0; i < count; ++i) {
        put(ring, parts[i], stamp, letters, time, hour, counter, i + 1 == count);
    }
    charge(ring, account, cost);
    ring->put += 1;
    ring->copied += 1;
    ring->more += rows - 1;
    if (ring->asleep) {
        PyObject* woken = PyObject_CallNoArgs(ring->wake);
        if (!woken) {
            Py_DECREF(text);
            return nullptr;
        }
        Py_DECREF(woken);
    }
    return text;
}

}  // namespace aiocollect
