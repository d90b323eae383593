// The quotes of CSV: how many there are, and which columns have cells in them. The definitions are
// in reading/cells/cut.py. Both run without Python's lock, so that other pieces are parsed then.

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

// How many bytes where() found: they are summed up in the highest byte. Without a flag of the
// compiler's for new processors its popcount is a call, and slower.
uint64_t number_of(uint64_t found) { return (found >> 7) * kOnes >> 56; }

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
            *commas += last == 63 ? 0 : number_of(found >> (last + 1));
            return true;
        }
        *commas += number_of(found);
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

Py_ssize_t count_of(const char* at, const char* end) {
    Py_ssize_t count = 0;
    while (end - at >= 8) {
        uint64_t each = 0;  // of each of the eight bytes, up to 255
        for (int left = 255; left && end - at >= 8; --left, at += 8) {
            uint64_t bytes;
            std::memcpy(&bytes, at, 8);
            each += where(bytes, '"') >> 7;
        }
        constexpr uint64_t kEven = 0x00ff00ff00ff00ff;
        const uint64_t pairs = (each & kEven) + ((each >> 8) & kEven);
        count += static_cast<Py_ssize_t>(pairs * 0x0001000100010001 >> 48);
    }
    for (; at < end; ++at) {
        count += *at == '"';
    }
    return count;
}

}  // namespace

// quotes_in(data, begin, end): how many quotes there are, as data.count() has it.
PyObject* quotes_in(PyObject*, PyObject* args) {
    Py_buffer view;
    Py_ssize_t begin, end;
    if (!PyArg_ParseTuple(args, "y*nn", &view, &begin, &end)) {
        return nullptr;
    }
    Py_ssize_t count = 0;
    if (0 <= begin && begin < end && end <= view.len) {
        const char* data = static_cast<const char*>(view.buf);
        Py_BEGIN_ALLOW_THREADS
        count = count_of(data + begin, data + end);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&view);
    return PyLong_FromSsize_t(count);
}

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
