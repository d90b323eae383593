// Which columns of CSV have cells in quotes: quoted_columns() of reading/cut.py, which is the
// definition. It runs without Python's lock, so that other pieces are parsed meanwhile.

#include <cstring>
#include <vector>

#include "objects.hpp"

namespace aiocollect {
namespace {

constexpr uint64_t kOnes = 0x0101010101010101;

// The highest bit of each of the eight bytes that are ``wanted``, and no other bit.
uint64_t where(uint64_t bytes, char wanted) {
    const uint64_t other = bytes ^ (kOnes * static_cast<unsigned char>(wanted));
    return ~(((other & ~(kOnes << 7)) + ~(kOnes << 7)) | other | ~(kOnes << 7));
}

// Counts the commas of [from, to) that follow the last line end in it; whether there is one.
bool commas_after_line(const char* from, const char* to, size_t* commas) {
    *commas = 0;
    while (to - from >= 8) {
        uint64_t bytes;
        std::memcpy(&bytes, to - 8, 8);
        const uint64_t lines = where(bytes, '\n'), found = where(bytes, ',');
        if (lines) {
            // The last byte is the highest: what follows the line end is above its bit.
            const int last = 63 - __builtin_clzll(lines);
            *commas += last == 63 ? 0 : __builtin_popcountll(found >> (last + 1));
            return true;
        }
        *commas += __builtin_popcountll(found);
        to -= 8;
    }
    while (to > from) {
        --to;
        if (*to == '\n') {
            return true;
        }
        *commas += *to == ',';
    }
    return false;
}

void find_columns(const char* at, const char* end, std::vector<bool>* found) {
    size_t column = 0;
    const auto next = [end](const char* from) {
        return from < end ? static_cast<const char*>(std::memchr(from, '"', end - from)) : nullptr;
    };
    for (const char* quote = next(at); quote;) {
        size_t commas;
        column = commas_after_line(at, quote, &commas) ? commas : column + commas;
        if (found->size() <= column) {
            found->resize(column + 1);
        }
        (*found)[column] = true;
        do {  // to the quote that closes the cell: of a doubled one the other half follows
            quote = next(quote + 1);
            if (!quote) {
                return;
            }
            at = quote + 1;
            quote = at < end && *at == '"' ? at : nullptr;
        } while (quote);
        quote = next(at);
    }
}

}  // namespace

PyObject* quoted_columns(PyObject*, PyObject* rows) {
    Py_buffer view;
    if (PyObject_GetBuffer(rows, &view, PyBUF_SIMPLE) < 0) {
        return nullptr;
    }
    std::vector<bool> found;
    bool fits = true;
    Py_BEGIN_ALLOW_THREADS
    try {
        const char* begin = static_cast<const char*>(view.buf);
        find_columns(begin, begin + view.len, &found);
    } catch (const std::bad_alloc&) {
        fits = false;
    }
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&view);
    PyObject* columns = fits ? PySet_New(nullptr) : PyErr_NoMemory();
    for (size_t column = 0; columns && column < found.size(); ++column) {
        if (!found[column]) {
            continue;
        }
        PyObject* number = PyLong_FromSize_t(column);
        if (!number || PySet_Add(columns, number) < 0) {
            Py_CLEAR(columns);
        }
        Py_XDECREF(number);
    }
    return columns;
}

}  // namespace aiocollect
