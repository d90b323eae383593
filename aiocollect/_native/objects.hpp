// The Python objects of the core, as C sees them, and what several files need of them.

#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>

#include "arena.hpp"
#include "encode.hpp"
#include "ids.hpp"

namespace aiocollect {

struct Account {
    PyObject_HEAD
    int64_t share, used;
    char kept;
};

struct Gate {  // the base of _core.gate.Gate
    PyObject_HEAD
    char every;
    int64_t limit;
};

struct Shape {  // the base of _values.shape.Shape
    PyObject_HEAD
    Py_ssize_t width;    // cells of a row; -1 until the columns are fixed and admitted
    int64_t max_bytes;
    PyObject* array;     // numpy.ndarray, once one has come
    PyObject* features;  // names of the columns, once they are fixed
    PyObject* texts;     // a byte for each column, 1: it has had what is no number; or None
    char is_column;      // one column that was named: n cells are n rows
};

struct Origin;

struct Stream {  // the base of _delivery.stream.Stream
    PyObject_HEAD
    int64_t seen;      // the hour of the latest row
    int64_t hour;      // that of its current channel
    PyObject* others;  // its channels of other hours, by these; or None
    PyObject* label;   // its name, which a correlation() counts its rows by
    Origin* origins;  // all that are of it; not held
};

struct Scoring {  // the base of context.correlation
    PyObject_HEAD
    PyObject *id, *hour, *rows, *outer;
    char carries_day;
};

struct IdsObject {
    PyObject_HEAD
    Ids ids;
};

// Where rows come from: a stream and whose share they use; and where they go, for one hour.
struct Origin {
    PyObject_HEAD
    Stream* stream;  // not held, since it holds us: nullptr once it is gone. Who holds an origin
                     // for its rows holds the stream too.
    Origin* next;    // of the same stream
    Account* account;
    PyObject* channel;  // that of `hour`, or nullptr
    int64_t hour;
    Form* form;  // nullptr: rows go the Python way
};

struct Ring {
    PyObject_HEAD
    Arena* arena;
    Moments* moments;
    IdsObject* ids;
    PyObject* clock;  // gives nanoseconds; nullptr: the machine's
    PyObject* wake;
    int64_t slots, budget, used, over, shares;
    int64_t put, taken, more;  // calls, calls, rows beyond one a call
    int64_t copied;            // calls whose cells were copied here
    char asleep;
    int64_t draining;  // the process whose reader is encoding, perhaps without the GIL; 0: none
};

struct Collector {
    PyObject_HEAD
    Gate* gate;
    Shape* shape;
    Stream* stream;
    Origin* origin;
    Ring* ring;
    PyObject* recorder;  // for the Python way
};

struct Model {
    PyObject_HEAD
    Gate* gate;
    Account* account;
    Ring* ring;
    PyObject* parts;     // a tuple of (name, shape, stream, origin)
    PyObject* recorder;  // for the Python way
    PyObject* label;
    PyObject* streams;  // a dict of them, by name
    char paired;        // a call gives as many rows of each stream
};

// Set when the module is imported.
extern PyTypeObject *account_type, *gate_type, *shape_type, *stream_type, *scoring_type, *ids_type,
    *origin_type, *ring_type, *collector_type, *model_type;
extern PyObject* in_force;        // the context variable of correlation(), once it is told
extern PyObject* datetime_class;  // datetime.datetime
// Names of methods and attributes.
extern PyObject *timestamp, *tzinfo, *record_one, *record_together, *leave_out;

extern PyType_Slot account_slots[], gate_slots[], shape_slots[], stream_slots[], scoring_slots[],
    ids_slots[], origin_slots[], ring_slots[], collector_slots[], model_slots[];

template <class T>
T* self_as(PyObject* object) {
    return reinterpret_cast<T*>(object);
}

inline void free_plain(PyObject* self) {
    PyTypeObject* type = Py_TYPE(self);
    type->tp_free(self);
    Py_DECREF(type);
}

inline PyObject* id_text(const Ids& ids, int64_t time, uint32_t counter) {
    PyObject* text = PyUnicode_New(kIdText, 127);
    if (text) {
        ids.write(static_cast<char*>(PyUnicode_DATA(text)), time, counter);
    }
    return text;
}

// For a record: the origin, and with it the stream.
inline Origin* hold(Origin* origin) {
    Py_INCREF(origin);
    Py_INCREF(origin->stream);
    return origin;
}

inline void let_go(Origin* origin) {
    Stream* stream = origin->stream;
    Py_DECREF(origin);
    Py_DECREF(stream);
}

// The budget ----------------------------------------------------------------------------------

enum Verdict : long { kAccepted = 0, kNoSlot = 1, kNoBudget = 2 };  // as in _core/ring.py

inline int64_t beyond(const Account* account, int64_t used) {
    return used > account->share ? used - account->share : 0;
}

// Whether a call of so many bytes finds room.
inline long room(const Ring* ring, const Account* account, int64_t cost) {
    if (ring->put - ring->taken >= ring->slots) {
        return kNoSlot;
    }
    const int64_t after = account->used + cost;
    const int64_t over = ring->over + beyond(account, after) - beyond(account, account->used);
    if (ring->used + cost > ring->budget ||
        (after > account->share && over > ring->budget - ring->shares)) {
        return kNoBudget;
    }
    return kAccepted;
}

inline void charge(Ring* ring, Account* account, int64_t cost) {
    const int64_t after = account->used + cost;
    ring->over += beyond(account, after) - beyond(account, account->used);
    ring->used += cost;
    account->used = after;
}

}  // namespace aiocollect
