//! Values that are none of JSON's own types: derived classes, dataclasses, models, and what of the
//! standard library is read by its meaning.

use pyo3::exceptions::PyRecursionError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyByteArray, PyBytes, PyDict, PyFloat, PyInt, PyList, PyMemoryView, PyString, PyTuple, PyType};
use serde_json::{Map, Value};

use super::fault::Fault;
use super::{deeper, read, read_dict, read_entry, read_float, read_int, read_items, read_text, type_name};

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
pub(super) fn read_other(value: &Bound<'_, PyAny>, depth: u8) -> Result<Value, Fault> {
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
