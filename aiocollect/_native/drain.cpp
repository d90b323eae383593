// The drain: the oldest native calls leave the ring as encoded rows.
//
// In three steps. Plan: choose records, each with the channel that its rows go to. Encode: no Python
// object is touched, so the GIL can be let go of. Commit: the rows are Python's, and the records are
// gone. Where a step fails for lack of memory the ring is as it was.

#include <new>

#include "lines.hpp"
#include "ring.hpp"

namespace aiocollect {
namespace {

// Rows of one origin, encoded together. It holds its origin, stream and channel.
struct Run {
    Origin* origin;
    PyObject* channel;
    int64_t estimate = 0;
    Bytes lines;
    std::vector<uint32_t> lengths;

    explicit Run(Origin* from) : origin(hold(from)), channel(Py_NewRef(from->channel)) {
        take_memory(lines);
    }
    Run(Run&& other) noexcept
        : origin(other.origin), channel(other.channel), estimate(other.estimate),
          lines(std::move(other.lines)), lengths(std::move(other.lengths)) {
        other.origin = nullptr;
        other.channel = nullptr;
    }
    Run& operator=(Run&&) = delete;
    ~Run() {
        if (origin) {
            give_memory(lines);
            let_go(origin);
            Py_DECREF(channel);
        }
    }

    // (origin, channel, estimate, lines); nullptr: no memory, and the bytes may be gone.
    PyObject* told() {
        PyObject* rows = PyBytes_FromStringAndSize(
            reinterpret_cast<const char*>(lengths.data()),
            static_cast<Py_ssize_t>(lengths.size() * sizeof(uint32_t)));
        PyObject* made = new_lines(lines, rows);
        return made ? Py_BuildValue("(OOLN)", origin, channel, static_cast<long long>(estimate), made)
                    : nullptr;
    }
};

// Rows of a record, their part of its cost, and the run that they belong to.
struct Share {
    Record* record;
    uint32_t count;
    int64_t cost;
    size_t run;
};

class Drain {
  public:
    // Ends with the first record that Python must look at; `asked` is then its origin.
    void plan(Ring* ring, int64_t max_rows, int64_t max_cost) {
        int64_t rows = 0, cost = 0;
        ring->arena->walk([&](Record* record) {
            if (record->kind == Kind::kObject || rows >= max_rows || cost >= max_cost) {
                return false;
            }
            Origin* origin = static_cast<Origin*>(record->origin);
            // None: the channel was closed.
            if (!origin->form || !origin->channel || origin->channel == Py_None ||
                origin->hour != record->hour) {
                asked = record;
                return false;
            }
            const uint32_t left = record->rows - record->done;
            uint32_t count = left;
            if (left > max_rows - rows) {
                count = static_cast<uint32_t>(max_rows - rows);
            }
            if (record->cost > max_cost - cost) {
                const int64_t fits = (max_cost - cost) * left / record->cost;
                if (fits < 1 && rows) {
                    return false;  // the next slice's
                }
                count = fits < 1 ? 1 : fits < count ? static_cast<uint32_t>(fits) : count;
            }
            const size_t run = run_of(origin);
            // What is left keeps its share of the cost.
            const int64_t part = count == left ? record->cost : record->cost * count / left;
            shares.push_back({record, count, part, run});
            runs[run].estimate += part;
            rows += count;
            cost += part;
            return count == left;
        });
    }

    void encode(Ring* ring) {
        for (const Share& share : shares) {
            Run& run = runs[share.run];
            write_lines(share.record, share.count, *run.origin->form, ring->ids->ids, *ring->moments,
                        run.lines, run.lengths);
        }
    }

    // The runs, as a list; nullptr: no memory.
    PyObject* told() {
        PyObject* found = PyList_New(static_cast<Py_ssize_t>(runs.size()));
        for (size_t i = 0; found && i < runs.size(); ++i) {
            PyObject* one = runs[i].told();
            if (!one) {
                Py_CLEAR(found);
                break;
            }
            PyList_SET_ITEM(found, static_cast<Py_ssize_t>(i), one);
        }
        return found;
    }

    void commit(Ring* ring) {
        for (const Share& share : shares) {
            Record* record = share.record;
            record->done += share.count;
            record->cost -= share.cost;
            if (record->done == record->rows) {
                // Its run holds them too: nothing ends here, so no code of anybody runs.
                let_go(static_cast<Origin*>(record->origin));
                ring->taken += record->ends_call;
                ring->arena->pop();
            }
        }
    }

    std::vector<Run> runs;
    std::vector<Share> shares;
    const Record* asked = nullptr;

  private:
    std::vector<size_t> open_;  // the places of the runs that rows may be added to

    size_t run_of(Origin* origin) {
        const size_t fresh = runs.size();
        for (size_t& place : open_) {
            if (runs[place].channel == origin->channel) {
                if (runs[place].origin == origin) {
                    return place;
                }
                runs.emplace_back(origin);
                place = fresh;  // rows of one blob stay in order
                return fresh;
            }
        }
        open_.push_back(fresh);
        runs.emplace_back(origin);
        return fresh;
    }
};

PyObject* drained(Ring* ring, Drain& drain, int64_t max_rows, int64_t max_cost, bool lets_go) {
    drain.plan(ring, max_rows, max_cost);
    if (lets_go && !drain.shares.empty()) {
        bool memory = true;
        Py_BEGIN_ALLOW_THREADS
        try {
            drain.encode(ring);
        } catch (const std::bad_alloc&) {
            memory = false;
        }
        Py_END_ALLOW_THREADS
        if (!memory) {
            return PyErr_NoMemory();
        }
    } else {
        drain.encode(ring);
    }
    PyObject* asked =
        drain.asked ? Py_BuildValue("(OL)", static_cast<PyObject*>(drain.asked->origin),
                                    static_cast<long long>(drain.asked->hour))
                    : Py_NewRef(Py_None);
    PyObject* found = asked ? drain.told() : nullptr;
    // Both in one, before anything is taken from the ring.
    PyObject* answer = found ? PyTuple_Pack(2, found, asked) : nullptr;
    Py_XDECREF(found);
    Py_XDECREF(asked);
    if (answer) {
        drain.commit(ring);
    }
    return answer;
}

}  // namespace

// The next native calls as encoded rows, in runs of one origin and channel each, in the order that
// they came in: [(origin, channel, estimate, lines)]; and, where Python must say first which channel
// the next call goes to, its (origin, hour), else None. Takes the most rows and the most cost of it,
// and whether to let other threads have the GIL while it encodes.
PyObject* ring_drain(PyObject* self, PyObject* args) {
    long long max_rows, max_cost;
    int lets_go;
    if (!PyArg_ParseTuple(args, "LLp", &max_rows, &max_cost, &lets_go)) {
        return nullptr;
    }
    Ring* ring = self_as<Ring>(self);
    if (is_read(ring)) {
        return nullptr;
    }
    ring->draining = this_process();
    PyObject* answer = nullptr;
    // Not on the stack: a thread that asks for the GIL while the interpreter ends is unwound there
    // (CPython until 3.13), and must touch no object on its way.
    Drain* drain = new (std::nothrow) Drain;
    try {
        answer = drain ? drained(ring, *drain, max_rows, max_cost, lets_go) : PyErr_NoMemory();
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
    }
    ring->draining = 0;
    delete drain;  // what the runs hold ends last: that may run anybody's code
    return answer;
}

}  // namespace aiocollect
