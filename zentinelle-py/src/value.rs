//! Python values as the core's JSON values, and back.
//!
//! Whatever a dict, list, dataclass or pydantic model can hold goes in: texts, numbers, dates,
//! decimals, enums, UUIDs, paths, and containers of them. What cannot be written as JSON is
//! refused with the place where it stands.

use pyo3::exceptions::PyRecursionError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyInt, PyList, PyMemoryView, PyString, PyTuple, PyType,
};
use serde_json::{Map, Number, Value};
use zentinelle_core::error::Pointer;

use crate::error::{Class, Failure, raise};

/// Deepest nesting that is read, as deep as JSON texts may be.
const MAX_DEPTH: u8 = 127;

/// A value that is no JSON, and where it stands: the path is built from the inside outwards.
pub(crate) enum Fault {
    /// A value at fault.
    Bad(Box<Bad>),
    /// Code of the value's own class raised.
    Raised(PyErr),
}

/// What is wrong with a value.
pub(crate) struct Bad {
    code: &'static str,
    message: String,
    help: &'static str,
    path: Vec<Step>,
}

enum Step {
    Key(String),
    Index(usize),
}

impl From<PyErr> for Fault {
    fn from(error: PyErr) -> Self {
        Self::Raised(error)
    }
}

impl Fault {
    fn new(code: &'static str, message: impl Into<String>, help: &'static str) -> Self {
        Self::Bad(Box::new(Bad { code, message: message.into(), help, path: Vec::new() }))
    }

    fn under(mut self, step: impl FnOnce() -> Step) -> Self {
        if let Self::Bad(bad) = &mut self {
            bad.path.push(step());
        }
        self
    }

    /// The exception, for a value that stands under `at` of the request.
    pub(crate) fn into_error(self, py: Python<'_>, at: &'static str) -> PyErr {
        let bad = match self {
            Self::Raised(error) => return error,
            Self::Bad(bad) => bad,
        };
        let pointer = bad.path.iter().rev().fold(Pointer::new(at), |pointer, step| match step {
            Step::Key(key) => pointer.key(key),
            Step::Index(index) => pointer.index(*index),
        });
        let failure =
            Failure { code: bad.code, message: &bad.message, pointer: Some(pointer.as_str()), help: Some(bad.help) };
        raise(py, Class::Request, &failure)
    }
}

/// Reads any value.
pub(crate) fn to_value(value: &Bound<'_, PyAny>) -> Result<Value, Fault> {
    read(value, MAX_DEPTH)
}

/// Reads an object: a dict, another mapping, a dataclass or a pydantic model.
pub(crate) fn to_object(value: &Bound<'_, PyAny>) -> Result<Map<String, Value>, Fault> {
    if let Ok(dict) = value.cast_exact::<PyDict>() {
        return read_dict(dict, MAX_DEPTH);
    }
    match read(value, MAX_DEPTH)? {
        Value::Object(object) => Ok(object),
        _ => Err(Fault::new(
            "value.wrong_type",
            format!("a `{}` is no object", type_name(value)),
            "pass a dict, a dataclass or a pydantic model",
        )),
    }
}

fn read(value: &Bound<'_, PyAny>, depth: u8) -> Result<Value, Fault> {
    if let Ok(text) = value.cast_exact::<PyString>() {
        return read_text(text);
    }
    if let Ok(dict) = value.cast_exact::<PyDict>() {
        return read_dict(dict, depth).map(Value::Object);
    }
    if value.is_none() {
        return Ok(Value::Null);
    }
    if let Ok(flag) = value.cast_exact::<PyBool>() {
        return Ok(Value::Bool(flag.is_true()));
    }
    if let Ok(number) = value.cast_exact::<PyInt>() {
        return read_int(number.as_any());
    }
    if let Ok(number) = value.cast_exact::<PyFloat>() {
        return read_float(number.value());
    }
    if let Ok(list) = value.cast_exact::<PyList>() {
        return read_items(list.iter(), list.len(), depth);
    }
    if let Ok(tuple) = value.cast_exact::<PyTuple>() {
        return read_items(tuple.iter(), tuple.len(), depth);
    }
    read_other(value, depth)
}

fn read_text(text: &Bound<'_, PyString>) -> Result<Value, Fault> {
    match text.to_str() {
        Ok(text) => Ok(Value::String(text.to_owned())),
        Err(_) => Err(Fault::new(
            "value.not_text",
            "the text holds a lone surrogate, which UTF-8 cannot write",
            "decode the bytes it came from with `errors=\"replace\"`",
        )),
    }
}

fn read_int(number: &Bound<'_, PyAny>) -> Result<Value, Fault> {
    if let Ok(small) = number.extract::<i64>() {
        return Ok(Value::Number(small.into()));
    }
    if let Ok(large) = number.extract::<u64>() {
        return Ok(Value::Number(large.into()));
    }
    // As a JSON text of that many digits is read.
    match number.extract::<f64>() {
        Ok(float) => read_float(float),
        Err(_) => Err(Fault::new(
            "value.not_finite",
            "the whole number is too large for JSON numbers",
            "pass it as a text, or leave it out",
        )),
    }
}

fn read_float(number: f64) -> Result<Value, Fault> {
    match Number::from_f64(number) {
        Some(number) => Ok(Value::Number(number)),
        None => Err(Fault::new(
            "value.not_finite",
            format!("{number} is no JSON number"),
            "leave the key out, or pass a finite number",
        )),
    }
}

fn deeper(depth: u8) -> Result<u8, Fault> {
    depth.checked_sub(1).ok_or_else(|| {
        Fault::new(
            "value.too_deep",
            "the value is nested deeper than 127 levels",
            "flatten it; a value that contains itself cannot be passed",
        )
    })
}

fn read_items<'py>(items: impl Iterator<Item = Bound<'py, PyAny>>, length: usize, depth: u8) -> Result<Value, Fault> {
    let depth = deeper(depth)?;
    let mut list = Vec::with_capacity(length);
    for (index, item) in items.enumerate() {
        list.push(read(&item, depth).map_err(|fault| fault.under(|| Step::Index(index)))?);
    }
    Ok(Value::Array(list))
}

fn read_dict(dict: &Bound<'_, PyDict>, depth: u8) -> Result<Map<String, Value>, Fault> {
    let depth = deeper(depth)?;
    let mut object = Map::new();
    for (key, value) in dict.iter() {
        read_entry(&mut object, &key, &value, depth)?;
    }
    Ok(object)
}

fn read_entry(
    object: &mut Map<String, Value>,
    key: &Bound<'_, PyAny>,
    value: &Bound<'_, PyAny>,
    depth: u8,
) -> Result<(), Fault> {
    let key = read_key(key)?;
    match read(value, depth) {
        Ok(value) => match object.insert(key, value) {
            None => Ok(()),
            Some(_) => {
                Err(Fault::new("value.duplicate_key", "two keys of the object have the same text", "use texts as keys"))
            }
        },
        Err(fault) => Err(fault.under(|| Step::Key(key))),
    }
}

/// A key as JSON writes it: a text, or what has one text of its own.
fn read_key(key: &Bound<'_, PyAny>) -> Result<String, Fault> {
    if let Ok(text) = key.cast::<PyString>()
        && let Ok(text) = text.to_str()
    {
        return Ok(text.to_owned());
    }
    match read(key, 1) {
        Ok(Value::String(text)) => Ok(text),
        Ok(Value::Number(number)) if number.is_i64() || number.is_u64() => Ok(number.to_string()),
        Err(Fault::Raised(error)) => Err(Fault::Raised(error)),
        _ => Err(Fault::new(
            "value.bad_key",
            format!("a `{}` cannot be the key of a JSON object", type_name(key)),
            "use texts as keys",
        )),
    }
}

/// The classes of the standard library that are read by their meaning.
struct Classes {
    decimal: Py<PyType>,
    enumeration: Py<PyType>,
    uuid: Py<PyType>,
    date: Py<PyType>,
    time: Py<PyType>,
    timedelta: Py<PyType>,
    path: Py<PyType>,
    mapping: Py<PyType>,
    set: Py<PyType>,
    sequence: Py<PyType>,
}

impl Classes {
    fn get(py: Python<'_>) -> PyResult<&Self> {
        static CLASSES: PyOnceLock<Classes> = PyOnceLock::new();
        CLASSES.get_or_try_init(py, || {
            let class = |module: &str, name: &str| -> PyResult<Py<PyType>> {
                Ok(py.import(module)?.getattr(name)?.cast_into::<PyType>()?.unbind())
            };
            Ok(Self {
                decimal: class("decimal", "Decimal")?,
                enumeration: class("enum", "Enum")?,
                uuid: class("uuid", "UUID")?,
                date: class("datetime", "date")?,
                time: class("datetime", "time")?,
                timedelta: class("datetime", "timedelta")?,
                path: class("os", "PathLike")?,
                mapping: class("collections.abc", "Mapping")?,
                set: class("collections.abc", "Set")?,
                sequence: class("collections.abc", "Sequence")?,
            })
        })
    }
}

/// Everything that is none of JSON's own types. Classes derived from those come first, so that an
/// `IntEnum` is a number and an `OrderedDict` an object.
fn read_other(value: &Bound<'_, PyAny>, depth: u8) -> Result<Value, Fault> {
    let py = value.py();
    if let Ok(text) = value.cast::<PyString>() {
        return read_text(text);
    }
    if let Ok(dict) = value.cast::<PyDict>() {
        return read_dict(dict, depth).map(Value::Object);
    }
    if value.is_instance_of::<PyInt>() {
        return read_int(value);
    }
    if let Ok(number) = value.cast::<PyFloat>() {
        return read_float(number.value());
    }
    if let Ok(list) = value.cast::<PyList>() {
        return read_items(list.iter(), list.len(), depth);
    }
    if let Ok(tuple) = value.cast::<PyTuple>() {
        return read_items(tuple.iter(), tuple.len(), depth);
    }
    if value.is_instance_of::<PyBytes>()
        || value.is_instance_of::<PyByteArray>()
        || value.is_instance_of::<PyMemoryView>()
    {
        return Err(Fault::new("value.bytes", "bytes are not JSON", "decode them to a text, or pass their length"));
    }
    let class = value.get_type();
    if let Some(names) = field_names(&class)? {
        return read_fields(value, &names, depth);
    }
    if class.hasattr(pyo3::intern!(py, "model_dump"))? {
        // A pydantic model: what it dumps is read like any other value.
        let dumped = guarded(value.call_method0(pyo3::intern!(py, "model_dump")))?;
        return read(&dumped, deeper(depth)?);
    }
    let classes = Classes::get(py)?;
    let is = |class: &Py<PyType>| value.is_instance(class.bind(py));
    if is(&classes.enumeration)? {
        return read(&value.getattr(pyo3::intern!(py, "value"))?, deeper(depth)?);
    }
    if is(&classes.decimal)? {
        return read_decimal(value);
    }
    if is(&classes.date)? || is(&classes.time)? {
        return read(&value.call_method0(pyo3::intern!(py, "isoformat"))?, depth);
    }
    if is(&classes.timedelta)? {
        return read(&value.call_method0(pyo3::intern!(py, "total_seconds"))?, depth);
    }
    if is(&classes.uuid)? {
        return read_text(&value.str()?);
    }
    if is(&classes.path)? {
        return read(&value.call_method0(pyo3::intern!(py, "__fspath__"))?, deeper(depth)?);
    }
    if is(&classes.mapping)? {
        let inner = deeper(depth)?;
        let mut object = Map::new();
        for item in value.call_method0(pyo3::intern!(py, "items"))?.try_iter()? {
            let (key, item): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item?.extract()?;
            read_entry(&mut object, &key, &item, inner)?;
        }
        return Ok(Value::Object(object));
    }
    if is(&classes.set)? || is(&classes.sequence)? {
        let mut items = Vec::new();
        for item in value.try_iter()? {
            items.push(item?);
        }
        let length = items.len();
        let list = read_items(items.into_iter(), length, depth)?;
        return Ok(if is(&classes.set)? { in_order(list) } else { list });
    }
    // Numbers of other libraries say so by these methods.
    for method in [pyo3::intern!(py, "__index__"), pyo3::intern!(py, "__float__")] {
        if class.hasattr(method)? {
            return read(&value.call_method0(method)?, deeper(depth)?);
        }
    }
    Err(Fault::new(
        "value.not_json",
        format!("a `{}` cannot be written as JSON", type_name(value)),
        "pass a dict, list, text, number, dataclass or pydantic model",
    ))
}

/// The field names of a dataclass or an attrs class.
fn field_names<'py>(class: &Bound<'py, PyType>) -> Result<Option<Vec<Bound<'py, PyString>>>, Fault> {
    let py = class.py();
    if let Some(fields) = class.getattr_opt(pyo3::intern!(py, "__dataclass_fields__"))?
        && let Ok(fields) = fields.cast_into::<PyDict>()
    {
        let mut names = Vec::with_capacity(fields.len());
        for (name, field) in fields.iter() {
            // Class variables and init-only ones are listed too, but are no fields.
            let kind = field.getattr(pyo3::intern!(py, "_field_type"))?;
            if kind.repr()?.to_str()?.contains("_FIELD_CLASSVAR") || kind.repr()?.to_str()?.contains("_FIELD_INITVAR") {
                continue;
            }
            names.push(name.cast_into::<PyString>().map_err(PyErr::from)?);
        }
        return Ok(Some(names));
    }
    if let Some(fields) = class.getattr_opt(pyo3::intern!(py, "__attrs_attrs__"))? {
        let mut names = Vec::new();
        for field in fields.try_iter()? {
            let name = field?.getattr(pyo3::intern!(py, "name"))?;
            names.push(name.cast_into::<PyString>().map_err(PyErr::from)?);
        }
        return Ok(Some(names));
    }
    Ok(None)
}

fn read_fields(value: &Bound<'_, PyAny>, names: &[Bound<'_, PyString>], depth: u8) -> Result<Value, Fault> {
    let depth = deeper(depth)?;
    let mut object = Map::new();
    for name in names {
        read_entry(&mut object, name.as_any(), &value.getattr(name)?, depth)?;
    }
    Ok(Value::Object(object))
}

/// A decimal number: whole where it is whole, else the nearest JSON number.
fn read_decimal(value: &Bound<'_, PyAny>) -> Result<Value, Fault> {
    let float: f64 = value.extract().unwrap_or(f64::NAN);
    if !float.is_finite() {
        return read_float(float);
    }
    // Beyond 64 bits a whole number is read as a float anyway, so no huge integer is made.
    if float.abs() < 1e20 {
        let whole = value.call_method0(pyo3::intern!(value.py(), "__int__"))?;
        if whole.eq(value)? {
            return read_int(&whole);
        }
    }
    read_float(float)
}

/// A set has no order of its own, and the same request must give the same answer.
fn in_order(list: Value) -> Value {
    match list {
        Value::Array(mut items) => {
            items.sort_by_cached_key(Value::to_string);
            Value::Array(items)
        }
        other => other,
    }
}

/// A model that contains itself ends in a recursion error of its own.
fn guarded<T>(result: PyResult<T>) -> Result<T, Fault> {
    result.map_err(|error| match Python::attach(|py| error.is_instance_of::<PyRecursionError>(py)) {
        true => deeper(0).err().unwrap_or(Fault::Raised(error)),
        false => Fault::Raised(error),
    })
}

fn type_name(value: &Bound<'_, PyAny>) -> String {
    value.get_type().name().map_or_else(|_| "?".to_owned(), |name| name.to_string())
}

/// A JSON value as Python's own: dict, list, str, int, float, bool, None.
pub(crate) fn to_python<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::Bool(flag) => PyBool::new(py, *flag).to_owned().into_any(),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(small), _) => small.into_pyobject(py)?.into_any(),
            (None, Some(large)) => large.into_pyobject(py)?.into_any(),
            (None, None) => number.as_f64().unwrap_or(f64::NAN).into_pyobject(py)?.into_any(),
        },
        Value::String(text) => PyString::new(py, text).into_any(),
        Value::Array(items) => {
            let list = PyList::empty(py);
            for item in items {
                list.append(to_python(py, item)?)?;
            }
            list.into_any()
        }
        Value::Object(entries) => {
            let dict = PyDict::new(py);
            for (key, value) in entries {
                dict.set_item(key, to_python(py, value)?)?;
            }
            dict.into_any()
        }
    })
}
