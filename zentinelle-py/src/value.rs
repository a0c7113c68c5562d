//! Python values as the core's JSON values, and back.
//!
//! Whatever a dict, list, dataclass or pydantic model can hold goes in: texts, numbers, dates,
//! decimals, enums, UUIDs, paths, and containers of them. What cannot be written as JSON is
//! refused with the place where it stands.

mod fault;
mod other;

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use serde_json::{Map, Number, Value};

use self::fault::Step;
use self::other::read_other;

pub(crate) use self::fault::Fault;

/// Deepest nesting that is read, as deep as JSON texts may be.
const MAX_DEPTH: u8 = 127;

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
