// Memory of encoded rows that is used again: lines.hpp says why.

#include <utility>

#include "lines.hpp"

namespace aiocollect {

namespace {

constexpr int kSpares = 4;             // as many Lines as are mostly under way
constexpr size_t kMuch = 512 * 1024;  // what is larger is given back to the system
Bytes spares[kSpares];

// One block is filled while another one is under way. The C library takes memory above 128 KiB from
// the system, and gives it back.
constexpr size_t kLarge = 128 * 1024, kBlock = 2 * 1024 * 1024;
struct Block {
    PyObject* bytes;
    size_t capacity;
} blocks[2];

}  // namespace

void take_memory(Bytes& text) {
    for (Bytes& spare : spares) {
        if (spare.capacity() > text.capacity()) {
            text.swap(spare);
        }
    }
}

void give_memory(Bytes& text) {
    text.clear(kMuch);
    for (Bytes& spare : spares) {
        if (spare.capacity() < text.capacity()) {
            text.swap(spare);
        }
    }
}

// Of bytes whose content will change. CPython's own code does the same.
static void forget_hash(PyObject* bytes) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    self_as<PyBytesObject>(bytes)->ob_shash = -1;
#pragma GCC diagnostic pop
}

PyObject* take_block(size_t size, size_t& capacity) {
    Block* found = nullptr;
    for (Block& block : blocks) {
        if (block.capacity >= size && size > kLarge && !(found && found->capacity <= block.capacity)) {
            found = &block;
        }
    }
    if (!found) {
        return nullptr;
    }
    PyObject* bytes = found->bytes;
    capacity = found->capacity;
    *found = {};
    return bytes;
}

void give_block(PyObject* bytes, size_t capacity) {
    if (capacity > kLarge && capacity <= kBlock && Py_REFCNT(bytes) == 1) {
        Block& least = blocks[0].capacity <= blocks[1].capacity ? blocks[0] : blocks[1];
        if (least.capacity < capacity) {
            forget_hash(bytes);
            std::swap(least.bytes, bytes);
            std::swap(least.capacity, capacity);
        }
    }
    Py_XDECREF(bytes);
}

}  // namespace aiocollect
