//! What goes into a statement.
//! Invariant: a null has no type of its own, so it fits any column; every other value has exactly one type on each store.

use bytes::Bytes;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgArguments, PgTypeInfo};
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, Encode, Postgres, Type};
use uuid::Uuid;

use super::StoreError;

/// One argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Null,
    /// `bigint`: a number, microseconds since 1970, days, 0 or 1.
    I64(i64),
    /// `text`.
    Text(String),
    /// `bytea`; a blob in SQLite.
    Bytes(Vec<u8>),
    /// `uuid`; a blob of 16 bytes in SQLite.
    Uuid(Uuid),
    /// `bigint[]`, which PostgreSQL alone takes, as the other lists: see [`Tx::execute_rows`](super::Tx::execute_rows) for both stores.
    I64s(Vec<i64>),
    /// `text[]`.
    Texts(Vec<String>),
    /// `bytea[]`.
    Blobs(Vec<Vec<u8>>),
    /// `uuid[]`.
    Uuids(Vec<Uuid>),
}

impl Value {
    pub(super) fn add_to_sqlite(&self, arguments: &mut SqliteArguments) -> Result<(), BoxDynError> {
        match self {
            Self::Null => arguments.add(Option::<i64>::None),
            Self::I64(value) => arguments.add(*value),
            Self::Text(value) => arguments.add(value.clone()),
            Self::Bytes(value) => arguments.add(value.clone()),
            Self::Uuid(value) => arguments.add(*value),
            Self::I64s(_) | Self::Texts(_) | Self::Blobs(_) | Self::Uuids(_) => Err(NO_LIST.into()),
        }
    }

    pub(super) fn add_to_postgres(&self, arguments: &mut PgArguments) -> Result<(), BoxDynError> {
        match self {
            Self::Null => arguments.add(Untyped),
            Self::I64(value) => arguments.add(*value),
            Self::Text(value) => arguments.add(value.as_str()),
            Self::Bytes(value) => arguments.add(value.as_slice()),
            Self::Uuid(value) => arguments.add(*value),
            Self::I64s(values) => arguments.add(values.as_slice()),
            Self::Texts(values) => arguments.add(values.as_slice()),
            Self::Blobs(values) => arguments.add(values.as_slice()),
            Self::Uuids(values) => arguments.add(values.as_slice()),
        }
    }

    /// An empty list of such values, and what they are called in SQL; none of a null or a list.
    pub(super) fn list(&self) -> Option<(Self, &'static str)> {
        match self {
            Self::I64(_) => Some((Self::I64s(vec![]), "bigint")),
            Self::Text(_) => Some((Self::Texts(vec![]), "text")),
            Self::Bytes(_) => Some((Self::Blobs(vec![]), "bytea")),
            Self::Uuid(_) => Some((Self::Uuids(vec![]), "uuid")),
            Self::Null | Self::I64s(_) | Self::Texts(_) | Self::Blobs(_) | Self::Uuids(_) => None,
        }
    }

    /// Appends a value to a list of its kind.
    pub(super) fn join(&mut self, value: Self) -> Result<(), StoreError> {
        match (self, value) {
            (Self::I64s(list), Self::I64(value)) => list.push(value),
            (Self::Texts(list), Self::Text(value)) => list.push(value),
            (Self::Blobs(list), Self::Bytes(value)) => list.push(value),
            (Self::Uuids(list), Self::Uuid(value)) => list.push(value),
            (_, _) => {
                return Err(StoreError::Unusable("a column of rows has values of two kinds".to_owned()));
            }
        }
        Ok(())
    }
}

const NO_LIST: &str = "SQLite takes no lists";

/// A null whose type the server settles from where it stands.
struct Untyped;

impl Type<Postgres> for Untyped {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(0))
    }
}

impl Encode<'_, Postgres> for Untyped {
    fn encode_by_ref(&self, _: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        Ok(IsNull::Yes)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::I64(value)
    }
}
impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::I64(value.into())
    }
}
impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::I64(value.into())
    }
}
impl From<u64> for Value {
    /// Bit for bit: a number beyond `i64::MAX` comes back the same by [`Row::u64`](super::Row::u64), and does not sort.
    fn from(value: u64) -> Self {
        Self::I64(value as i64)
    }
}
impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::I64(value.into())
    }
}
impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}
impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}
impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}
impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}
impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Self::Bytes(value.to_vec())
    }
}
impl<const N: usize> From<[u8; N]> for Value {
    fn from(value: [u8; N]) -> Self {
        Self::Bytes(value.to_vec())
    }
}
impl From<Bytes> for Value {
    fn from(value: Bytes) -> Self {
        Self::Bytes(value.into())
    }
}
impl From<Uuid> for Value {
    fn from(value: Uuid) -> Self {
        Self::Uuid(value)
    }
}
impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
