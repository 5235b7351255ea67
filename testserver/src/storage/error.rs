//! The errors of the storage, with S3's status and error code.

/// Why the storage rejects an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StorageError {
    NoSuchUpload,
    InvalidPart,
    InvalidPartOrder,
    EntityTooSmall,
    InvalidRange,
}

impl StorageError {
    /// Returns the S3 error code.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::NoSuchUpload => "NoSuchUpload",
            Self::InvalidPart => "InvalidPart",
            Self::InvalidPartOrder => "InvalidPartOrder",
            Self::EntityTooSmall => "EntityTooSmall",
            Self::InvalidRange => "InvalidRange",
        }
    }

    pub(crate) fn status(self) -> u16 {
        match self {
            Self::NoSuchUpload => 404,
            Self::InvalidRange => 416,
            Self::InvalidPart | Self::InvalidPartOrder | Self::EntityTooSmall => 400,
        }
    }

    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::NoSuchUpload => "The upload does not exist, or it was completed or aborted.",
            Self::InvalidPart => "A part was not uploaded, or its ETag does not match.",
            Self::InvalidPartOrder => "The parts are not in ascending order.",
            Self::EntityTooSmall => "A part other than the last is smaller than the minimum part size.",
            Self::InvalidRange => "The requested range is not satisfiable.",
        }
    }
}
