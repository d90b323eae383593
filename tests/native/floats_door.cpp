// A door to floats.hpp for ctypes: texts with a comma after each. `out` has room for 33 bytes a value,
// and 40 more.

#include "floats.hpp"

namespace {

template <class Number, class Write>
size_t all(const Number* values, size_t count, char* out, Write write) {
    char* end = out;
    for (size_t i = 0; i < count; ++i) {
        end = write(end, values[i]);
        *end++ = ',';
    }
    return static_cast<size_t>(end - out);
}

}  // namespace

extern "C" __attribute__((visibility("default"))) size_t write_doubles(const double* values, size_t count,
                                                                       char* out) {
    return all(values, count, out, aiocollect::write_double);
}

extern "C" __attribute__((visibility("default"))) size_t write_floats(const float* values, size_t count,
                                                                      char* out) {
    return all(values, count, out, aiocollect::write_float);
}
