// The arena: calls as binary records in chunks of memory, first in, first out. No Python.
//
// A record is a head and its cells. Between reserve() and commit() nothing is visible to a reader,
// so a producer that stops in between has put nothing. The reader detaches whole chunks, which are
// its own from then on: it walks and encodes them while producers go on, without the GIL.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>

namespace aiocollect {

enum class Kind : uint8_t {
    kObject,  // a call of the Python way: one pointer
    kArray,   // rows of numbers of one Type, one after the other
    kCells,   // one row of cells, each a Tag and what it has
};

// Of the numbers of an array, by numpy's letters.
enum class Type : uint8_t { kBool, kInt8, kUint8, kInt16, kUint16, kInt32, kUint32, kInt64, kUint64,
                            kHalf, kFloat, kDouble };

inline constexpr size_t kTypeSize[] = {1, 1, 1, 2, 2, 4, 4, 8, 8, 2, 4, 8};

enum class Tag : uint8_t { kNone, kFalse, kTrue, kDouble, kInt, kText };

struct Record {
    uint32_t size;     // of the whole record, in bytes
    uint32_t rows;
    uint32_t width;
    uint32_t counter;  // of its id, where it is one of this writer
    uint32_t id_size;  // of its id's text, where it is another one; the text comes before the cells
    uint32_t first;    // index of its first row
    uint32_t done;     // rows that were taken
    Kind kind;
    Type type;
    bool ends_call;    // the last part of its call
    int64_t cost;      // what it was charged
    int64_t time;      // in microseconds since 1970
    int64_t hour;
    void* origin;

    char* id() { return reinterpret_cast<char*>(this + 1); }
    char* cells() { return id() + ((id_size + 7) & ~7u); }
};
static_assert(sizeof(Record) == 64);

class Arena {
  public:
    Arena() = default;
    Arena(const Arena&) = delete;
    Arena& operator=(const Arena&) = delete;
    ~Arena() {
        clear();
        while (spare_) {
            Chunk* next = spare_->next;
            std::free(spare_);
            spare_ = next;
        }
    }

    static size_t size_of(size_t cells, size_t id_size) {
        return (sizeof(Record) + ((id_size + 7) & ~size_t{7}) + cells + 7) & ~size_t{7};
    }

    // Room for records of so many bytes in all. False: there is no memory, or they are too large.
    bool ensure(size_t size) {
        if (size > UINT32_MAX) {
            return false;
        }
        if (!in_.last || in_.last->capacity - in_.last->written < size) {
            Chunk* chunk = fresh(size);
            if (!chunk) {
                return false;
            }
            in_.add(chunk);
        }
        return true;
    }

    // Room for a record with so many bytes of cells and of an id's text; nullptr: see ensure().
    Record* reserve(size_t cells, size_t id_size = 0) {
        const size_t size = size_of(cells, id_size);
        if (!ensure(size)) {
            return nullptr;
        }
        Record* record = reinterpret_cast<Record*>(in_.last->bytes() + in_.last->written);
        record->size = static_cast<uint32_t>(size);
        record->id_size = static_cast<uint32_t>(id_size);
        record->first = record->done = 0;
        record->ends_call = true;
        return record;
    }

    void commit(const Record* record) { in_.last->written += record->size; }

    // The oldest record, or nullptr; what it stands in belongs to the reader.
    Record* front() {
        while (true) {
            Chunk* chunk = out_.first;
            if (!chunk) {
                if (!in_.first || in_.first->written == 0) {
                    return nullptr;
                }
                out_ = in_;
                in_ = {};
            } else if (chunk->read < chunk->written) {
                return reinterpret_cast<Record*>(chunk->bytes() + chunk->read);
            } else {
                out_.first = chunk->next;
                give_back(chunk);
            }
        }
    }

    // Calls visit(record) for the oldest records that are detached, until it says false.
    template <class Visit>
    void walk(Visit visit) {
        if (!front()) {
            return;
        }
        for (Chunk* chunk = out_.first; chunk; chunk = chunk->next) {
            for (size_t at = chunk->read; at < chunk->written;) {
                Record* record = reinterpret_cast<Record*>(chunk->bytes() + at);
                at += record->size;
                if (!visit(record)) {
                    return;
                }
            }
        }
    }

    // Remove the oldest record.
    void pop() {
        const Record* record = front();
        out_.first->read += record->size;
    }

    template <class Visit>
    void each(Visit visit) {
        for (const Chunks& chunks : {out_, in_}) {
            for (Chunk* chunk = chunks.first; chunk; chunk = chunk->next) {
                for (size_t at = chunk->read; at < chunk->written;) {
                    Record* record = reinterpret_cast<Record*>(chunk->bytes() + at);
                    at += record->size;
                    visit(record);
                }
            }
        }
    }

    void clear() {
        for (Chunks* chunks : {&out_, &in_}) {
            while (chunks->first) {
                Chunk* next = chunks->first->next;
                std::free(chunks->first);
                chunks->first = next;
            }
            chunks->last = nullptr;
        }
    }

  private:
    // Two thousand calls of ten floats.
    static constexpr size_t kChunk = 256 * 1024;
    // What comes in 5 ms, between two looks of a busy pump: new memory is dear (lines.hpp).
    static constexpr int kSpares = 4;

    struct alignas(16) Chunk {
        Chunk* next;
        size_t capacity, written, read;
        char* bytes() { return reinterpret_cast<char*>(this + 1); }
    };

    struct Chunks {
        Chunk* first = nullptr;
        Chunk* last = nullptr;

        void add(Chunk* chunk) {
            (last ? last->next : first) = chunk;
            last = chunk;
        }
    };

    Chunks in_;   // the producers'
    Chunks out_;  // the reader's
    Chunk* spare_ = nullptr;  // chunks that were read, for the next calls
    int spares_ = 0;

    Chunk* fresh(size_t size) {
        Chunk* chunk = nullptr;
        if (spare_ && size <= spare_->capacity) {
            chunk = spare_;
            spare_ = chunk->next;
            spares_ -= 1;
        } else {
            const size_t capacity = size > kChunk - sizeof(Chunk) ? size : kChunk - sizeof(Chunk);
            chunk = static_cast<Chunk*>(std::malloc(sizeof(Chunk) + capacity));
            if (!chunk) {
                return nullptr;
            }
            chunk->capacity = capacity;
        }
        chunk->next = nullptr;
        chunk->written = chunk->read = 0;
        return chunk;
    }

    void give_back(Chunk* chunk) {
        if (spares_ == kSpares || chunk->capacity > kChunk) {
            std::free(chunk);
        } else {
            chunk->next = spare_;
            spare_ = chunk;
            spares_ += 1;
        }
    }
};

}  // namespace aiocollect
