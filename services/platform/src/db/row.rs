//! What comes out of a statement.
//! Invariant: reading a column in a shape it does not have is an error, never a panic and never a made-up value.

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Postgres, Row as _, Sqlite, Type, TypeInfo, ValueRef};
use uuid::Uuid;

use super::StoreError;

/// One row; columns are counted from 0.
#[derive(Debug)]
pub struct Row(Store);

enum Store {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl std::fmt::Debug for Store {
    /// A row may hold anything, so it shows nothing.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sqlite(_) => "a row of SQLite",
            Self::Postgres(_) => "a row of PostgreSQL",
        })
    }
}

impl From<SqliteRow> for Row {
    fn from(row: SqliteRow) -> Self {
        Self(Store::Sqlite(row))
    }
}

impl From<PgRow> for Row {
    fn from(row: PgRow) -> Self {
        Self(Store::Postgres(row))
    }
}

/// A column as `T`, nothing where it is null.
fn decode<T>(row: &Row, column: usize, wanted: &'static str) -> Result<Option<T>, StoreError>
where
    T: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres>,
{
    let wrong = |_| StoreError::Column { column, wanted };
    match &row.0 {
        Store::Sqlite(row) => row.try_get(column).map_err(wrong),
        Store::Postgres(row) => row.try_get(column).map_err(wrong),
    }
}

impl Row {
    /// A number, or a boolean as 0 or 1.
    pub fn i64(&self, column: usize) -> Result<i64, StoreError> {
        self.opt_i64(column)?.ok_or(StoreError::Column { column, wanted: "a number" })
    }
    /// A number, if there is one.
    pub fn opt_i64(&self, column: usize) -> Result<Option<i64>, StoreError> {
        let wanted = "a number";
        let wrong = |_| StoreError::Column { column, wanted };
        match &self.0 {
            Store::Sqlite(row) => row.try_get(column).map_err(wrong),
            Store::Postgres(row) => {
                let raw = row.try_get_raw(column).map_err(wrong)?;
                match raw.type_info().name() {
                    "INT4" => {
                        row.try_get(column).map(|value: Option<i32>| value.map(i64::from)).map_err(wrong)
                    }
                    "INT2" => {
                        row.try_get(column).map(|value: Option<i16>| value.map(i64::from)).map_err(wrong)
                    }
                    "BOOL" => {
                        row.try_get(column).map(|value: Option<bool>| value.map(i64::from)).map_err(wrong)
                    }
                    _ => row.try_get(column).map_err(wrong),
                }
            }
        }
    }
    /// A number that went in as `u64`.
    pub fn u64(&self, column: usize) -> Result<u64, StoreError> {
        self.i64(column).map(|value| value as u64)
    }
    /// A number that went in as `u64`, if there is one.
    pub fn opt_u64(&self, column: usize) -> Result<Option<u64>, StoreError> {
        Ok(self.opt_i64(column)?.map(|value| value as u64))
    }
    /// A number that fits `u32`.
    pub fn u32(&self, column: usize) -> Result<u32, StoreError> {
        u32::try_from(self.i64(column)?).map_err(|_| StoreError::Column { column, wanted: "a small number" })
    }
    /// Whether it is other than 0.
    pub fn bool(&self, column: usize) -> Result<bool, StoreError> {
        self.i64(column).map(|value| value != 0)
    }
    /// Whether it is other than 0, if it is anything.
    pub fn opt_bool(&self, column: usize) -> Result<Option<bool>, StoreError> {
        Ok(self.opt_i64(column)?.map(|value| value != 0))
    }
    /// A text.
    pub fn text(&self, column: usize) -> Result<String, StoreError> {
        self.opt_text(column)?.ok_or(StoreError::Column { column, wanted: "a text" })
    }
    /// A text, if there is one.
    pub fn opt_text(&self, column: usize) -> Result<Option<String>, StoreError> {
        decode(self, column, "a text")
    }
    /// Bytes.
    pub fn bytes(&self, column: usize) -> Result<Vec<u8>, StoreError> {
        self.opt_bytes(column)?.ok_or(StoreError::Column { column, wanted: "bytes" })
    }
    /// Bytes, if there are any.
    pub fn opt_bytes(&self, column: usize) -> Result<Option<Vec<u8>>, StoreError> {
        decode(self, column, "bytes")
    }
    /// A UUID.
    pub fn uuid(&self, column: usize) -> Result<Uuid, StoreError> {
        self.opt_uuid(column)?.ok_or(StoreError::Column { column, wanted: "a UUID" })
    }
    /// A UUID, if there is one.
    pub fn opt_uuid(&self, column: usize) -> Result<Option<Uuid>, StoreError> {
        decode(self, column, "a UUID")
    }
}
