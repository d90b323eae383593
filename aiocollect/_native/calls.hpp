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

inline int64_t machine_clock() {
    timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

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

// Records the call; its id, or nullptr: with an error set, or without: then nothing was done, and
// the call goes the Python way.
inline PyObject* record_call(const Gate* gate, Ring* ring, Account* account, Part* parts, int count,
                             PyObject* const* given, bool paired, PyObject* left_out) {
    if (ring->budget < 0) {
        return nullptr;
    }
    for (int i = 0; i < count; ++i) {
        if (!parts[i].value.look(parts[i].data, parts[i].shape) ||
            (paired && parts[i].value.rows != parts[0].value.rows)) {
            return nullptr;
        }
    }
    int64_t now = 0;
    if (ring->clock) {
        PyObject* asked = PyObject_CallNoArgs(ring->clock);
        if (!asked) {
            return nullptr;
        }
        now = Ids::floor_div(PyLong_AsLongLong(asked), 1000);
        Py_DECREF(asked);
        if (PyErr_Occurred()) {
            return nullptr;
        }
        for (int i = 0; i < count; ++i) {  // a clock of a user's may have done anything
            Value again;
            if (!again.look(parts[i].data, parts[i].shape) || !again.same(parts[i].value)) {
                return nullptr;
            }
        }
    }
    PyObject* context = nullptr;
    if (PyContextVar_Get(in_force, nullptr, &context) < 0) {
        return nullptr;
    }
    if (context == Py_None) {
        Py_CLEAR(context);
    }
    // From here on nothing runs Python code until the call is in the ring.
    Stamp stamp;
    bool usual = stamp.look(context, given);
    int64_t rows = 0, cost = 0;
    size_t size = 0;
    for (int i = 0; usual && i < count; ++i) {
        const Value& value = parts[i].value;
        usual = stamp.look_for_first(value.rows, parts[i].stream);
        rows += value.rows;
        cost += value.cost + stamp.id_cost * value.rows;
        size += Arena::size_of(value.size, stamp.id_size);
    }
    if (!ring->clock && stamp.time < 0) {
        now = machine_clock();
    }
    Ids& ids = ring->ids->ids;
    const int64_t time = stamp.time >= 0 ? stamp.time : ids.would_be(now);
    const int64_t its_hour = Ids::floor_div(time, kHour);
    const int64_t hour = stamp.hour >= 0 ? stamp.hour : its_hour;
    // An id of another day than at= is refused, the Python way.
    usual = usual && !(stamp.time >= 0 && stamp.hour >= 0 && stamp.hour / 24 != its_hour / 24);
    for (int i = 0; usual && i < count; ++i) {
        usual = hour == parts[i].stream->seen && stamp.fits(parts[i].value.rows);
    }
    if (!usual || room(ring, account, cost) != kAccepted || cost > account->share) {
        Py_XDECREF(context);
        return nullptr;
    }
    PyObject* text = stamp.id ? Py_NewRef(stamp.id) : PyUnicode_New(kIdText, 127);
    bool counted = text && ring->arena->ensure(size);
    for (int i = 0; counted && i < count; ++i) {
        counted = stamp.count(parts[i].value.rows, parts[i].stream);
    }
    if (!counted) {
        Py_XDECREF(context);
        Py_XDECREF(text);
        PyErr_Clear();  // no memory: the Python way says what becomes of the call
        return nullptr;
    }
    const int64_t at = stamp.time >= 0 ? time : ids.time(now);
    uint32_t counter = 0;
    char* letters = static_cast<char*>(PyUnicode_DATA(text));
    if (!stamp.id) {
        counter = ids.next();
        ids.write(letters, at, counter);
    }
    stamp.keep(text, hour);
    Py_XDECREF(context);
    const size_t length = static_cast<size_t>(PyUnicode_GET_LENGTH(text));
    if (!gate->every && static_cast<int64_t>(crc32(letters, length)) >= gate->limit) {
        PyObject* said = PyObject_CallFunction(left_out, "L", static_cast<long long>(rows));
        if (!said) {
            Py_DECREF(text);
            return nullptr;
        }
        Py_DECREF(said);
        return text;
    }
    for (int i = 0; i < count; ++i) {
        Part& part = parts[i];
        Record* record = ring->arena->reserve(part.value.size, stamp.id_size);
        record->kind = part.value.kind;
        record->type = part.value.type;
        record->ends_call = i + 1 == count;
        record->rows = part.value.rows;
        record->width = static_cast<uint32_t>(part.shape->fast_length);
        record->counter = counter;
        record->first = static_cast<uint32_t>(stamp.first);
        record->cost = part.value.cost + stamp.id_cost * part.value.rows;
        record->time = at;
        record->hour = hour;
        record->origin = hold(part.origin);
        std::memcpy(record->id(), letters, stamp.id_size);
        part.value.copy(record->cells());
        ring->arena->commit(record);
    }
    charge(ring, account, cost);
    ring->put += 1;
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
