// What the ring's files have of one another.

#pragma once

#ifdef _WIN32
#include <process.h>
#else
#include <unistd.h>
#endif

#include "objects.hpp"

namespace aiocollect {

inline int64_t this_process() {
#ifdef _WIN32
    return _getpid();
#else
    return getpid();
#endif
}

// Whether the ring is being read; then an exception is set. Not so in a forked child: the thread
// that was reading is not here.
inline bool is_read(Ring* ring) {
    if (ring->draining != this_process()) {
        ring->draining = 0;
    }
    if (ring->draining) {
        PyErr_SetString(PyExc_RuntimeError, "internal error: the ring has two readers");
    }
    return ring->draining != 0;
}

// give_back.cpp: the oldest call as the Python way has it, or None; and the same where it came the
// Python way, else None.
PyObject* ring_take(PyObject* self, PyObject*);
PyObject* ring_take_object(PyObject* self, PyObject*);

// drain.cpp: the next native calls, encoded.
PyObject* ring_drain(PyObject* self, PyObject* args);

}  // namespace aiocollect
