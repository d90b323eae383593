// Types whose few fields the scoring path reads as plain C: shares of the budget, and the bases of
// gates, shapes, streams and correlations.

#include "objects.hpp"

namespace aiocollect {
namespace {

// Account --------------------------------------------------------------------------------------

int account_init(PyObject* self, PyObject* args, PyObject* kwargs) {
    static const char* keys[] = {"share", nullptr};
    long long share;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "$L", const_cast<char**>(keys), &share)) {
        return -1;
    }
    self_as<Account>(self)->share = share;
    return 0;
}

PyObject* account_repr(PyObject* self) {
    const Account* account = self_as<Account>(self);
    return PyUnicode_FromFormat("<Account %lld of a share of %lld bytes>",
                                static_cast<long long>(account->used),
                                static_cast<long long>(account->share));
}

PyMemberDef account_members[] = {
    {"share", T_LONGLONG, offsetof(Account, share), 0, nullptr},
    {"used", T_LONGLONG, offsetof(Account, used), 0, nullptr},
    {"kept", T_BOOL, offsetof(Account, kept), 0, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};
}  // namespace

PyType_Slot account_slots[] = {
    {Py_tp_init, reinterpret_cast<void*>(account_init)},
    {Py_tp_repr, reinterpret_cast<void*>(account_repr)},
    {Py_tp_dealloc, reinterpret_cast<void*>(free_plain)},
    {Py_tp_members, account_members},
    {0, nullptr},
};

namespace {

// Gate, Shape, Stream --------------------------------------------------------------------------

PyMemberDef gate_members[] = {
    {"every", T_BOOL, offsetof(Gate, every), 0, nullptr},
    {"limit", T_LONGLONG, offsetof(Gate, limit), 0, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};
}  // namespace

PyType_Slot gate_slots[] = {{Py_tp_members, gate_members}, {0, nullptr}};

namespace {

PyMemberDef shape_members[] = {
    {"width", T_PYSSIZET, offsetof(Shape, width), 0, nullptr},
    {"max_bytes", T_LONGLONG, offsetof(Shape, max_bytes), 0, nullptr},
    {"array", T_OBJECT, offsetof(Shape, array), 0, nullptr},
    {"features", T_OBJECT, offsetof(Shape, features), 0, nullptr},
    {"texts", T_OBJECT, offsetof(Shape, texts), 0, nullptr},
    {"is_column", T_BOOL, offsetof(Shape, is_column), 0, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};
int shape_traverse(PyObject* self, visitproc visit, void* arg) {
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self_as<Shape>(self)->array);
    Py_VISIT(self_as<Shape>(self)->features);
    Py_VISIT(self_as<Shape>(self)->texts);
    return 0;
}
int shape_clear(PyObject* self) {
    Py_CLEAR(self_as<Shape>(self)->array);
    Py_CLEAR(self_as<Shape>(self)->features);
    Py_CLEAR(self_as<Shape>(self)->texts);
    return 0;
}
void shape_dealloc(PyObject* self) {
    PyObject_GC_UnTrack(self);
    shape_clear(self);
    free_plain(self);
}
}  // namespace

PyType_Slot shape_slots[] = {
    {Py_tp_members, shape_members},
    {Py_tp_traverse, reinterpret_cast<void*>(shape_traverse)},
    {Py_tp_clear, reinterpret_cast<void*>(shape_clear)},
    {Py_tp_dealloc, reinterpret_cast<void*>(shape_dealloc)},
    {0, nullptr},
};

namespace {

PyMemberDef stream_members[] = {
    {"seen", T_LONGLONG, offsetof(Stream, seen), 0, nullptr},
    {"hour", T_LONGLONG, offsetof(Stream, hour), 0, nullptr},
    {"_others", T_OBJECT, offsetof(Stream, others), 0, nullptr},
    {"label", T_OBJECT, offsetof(Stream, label), 0, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};
int stream_traverse(PyObject* self, visitproc visit, void* arg) {
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self_as<Stream>(self)->label);
    Py_VISIT(self_as<Stream>(self)->others);
    return 0;
}
int stream_clear(PyObject* self) {
    Py_CLEAR(self_as<Stream>(self)->label);
    Py_CLEAR(self_as<Stream>(self)->others);
    return 0;
}
void stream_dealloc(PyObject* self) {
    PyObject_GC_UnTrack(self);
    for (Origin* origin = self_as<Stream>(self)->origins; origin; origin = origin->next) {
        origin->stream = nullptr;
    }
    stream_clear(self);
    free_plain(self);
}
}  // namespace

PyType_Slot stream_slots[] = {
    {Py_tp_members, stream_members},
    {Py_tp_traverse, reinterpret_cast<void*>(stream_traverse)},
    {Py_tp_clear, reinterpret_cast<void*>(stream_clear)},
    {Py_tp_dealloc, reinterpret_cast<void*>(stream_dealloc)},
    {0, nullptr},
};

namespace {

PyMemberDef scoring_members[] = {
    {"id", T_OBJECT, offsetof(Scoring, id), 0, nullptr},
    {"_hour", T_OBJECT, offsetof(Scoring, hour), 0, nullptr},
    {"_rows", T_OBJECT, offsetof(Scoring, rows), 0, nullptr},
    {"_outer", T_OBJECT, offsetof(Scoring, outer), 0, nullptr},
    {"carries_day", T_BOOL, offsetof(Scoring, carries_day), 0, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};
int scoring_traverse(PyObject* self, visitproc visit, void* arg) {
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self_as<Scoring>(self)->id);
    Py_VISIT(self_as<Scoring>(self)->hour);
    Py_VISIT(self_as<Scoring>(self)->rows);
    Py_VISIT(self_as<Scoring>(self)->outer);
    return 0;
}
int scoring_clear(PyObject* self) {
    Py_CLEAR(self_as<Scoring>(self)->id);
    Py_CLEAR(self_as<Scoring>(self)->hour);
    Py_CLEAR(self_as<Scoring>(self)->rows);
    Py_CLEAR(self_as<Scoring>(self)->outer);
    return 0;
}
void scoring_dealloc(PyObject* self) {
    PyObject_GC_UnTrack(self);
    scoring_clear(self);
    free_plain(self);
}
}  // namespace

PyType_Slot scoring_slots[] = {
    {Py_tp_members, scoring_members},
    {Py_tp_traverse, reinterpret_cast<void*>(scoring_traverse)},
    {Py_tp_clear, reinterpret_cast<void*>(scoring_clear)},
    {Py_tp_dealloc, reinterpret_cast<void*>(scoring_dealloc)},
    {0, nullptr},
};

}  // namespace aiocollect
