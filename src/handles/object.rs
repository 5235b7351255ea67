//! Objects at a reference, for reading.

use std::fmt;

use crate::handles::branch_object::BranchObject;
use crate::scope::ObjectScope;

/// The methods that read an object, for a handle that wraps an [`ObjectScope`].
macro_rules! read_methods {
    ($handle:ident) => {
        impl $handle {
            pub(crate) fn from_scope(scope: $crate::scope::ObjectScope) -> Self {
                Self(scope)
            }

            /// Returns the path of the object.
            #[must_use]
            pub fn path(&self) -> &str {
                self.0.path()
            }

            /// Returns the reference at which the object is read.
            #[must_use]
            pub fn reference(&self) -> $crate::handles::reference::Reference {
                $crate::handles::reference::Reference::from_scope(self.0.reference())
            }

            /// Returns the `lakefs://` URI of the object.
            #[must_use]
            pub fn uri(&self) -> $crate::uri::Uri {
                let repository = self.0.repository().name();
                $crate::uri::Uri::of_object(repository, self.0.reference().expression(), self.path())
            }

            /// Reads the object into memory. To read a large object in pieces, use [`reader`](Self::reader).
            ///
            /// ```
            /// # async fn example(object: lakefs::Object) -> lakefs::Result<()> {
            /// let bytes = object.read().await?;
            /// let header = object.read().range(..1024).await?;
            /// # Ok(())
            /// # }
            /// ```
            ///
            /// # Errors
            /// [`NotFound`](crate::ErrorKind::NotFound): the object or the reference does not exist.
            /// [`DataDeleted`](crate::ErrorKind::DataDeleted): the data were deleted from the storage.
            /// [`Integrity`](crate::ErrorKind::Integrity): the received bytes do not have the checksum of the object;
            /// see [`Verify`](crate::Verify).
            pub fn read(&self) -> $crate::transfer::read::requests::ReadRequest {
                $crate::transfer::read::requests::ReadRequest::new(self.0.clone())
            }

            /// Opens the object to read it as it arrives, or to download it to a file.
            ///
            /// ```
            /// use lakefs::TryStreamExt as _;
            ///
            /// # async fn example(object: lakefs::Object) -> lakefs::Result<()> {
            /// let mut reader = object.reader().await?;
            /// while let Some(chunk) = reader.try_next().await? {
            ///     println!("{} bytes", chunk.len());
            /// }
            /// # Ok(())
            /// # }
            /// ```
            ///
            /// # Errors
            /// Those of [`read`](Self::read), also while the object is read.
            pub fn reader(&self) -> $crate::transfer::read::requests::ReaderRequest {
                $crate::transfer::read::requests::ReaderRequest::new(self.0.clone())
            }

            /// Reads the metadata of the object: size, checksum, modification time, user metadata. Options such as
            /// `presign` are methods of the request; without options, [`get`](Self::get) does the same.
            ///
            /// # Errors
            /// [`NotFound`](crate::ErrorKind::NotFound): the object or the reference does not exist.
            pub fn stat(&self) -> $crate::transfer::stat::StatRequest {
                $crate::transfer::stat::StatRequest::new(self.0.clone())
            }

            /// Reads the metadata of the object.
            ///
            /// # Errors
            /// [`NotFound`](crate::ErrorKind::NotFound): the object or the reference does not exist.
            /// [`get_opt`](Self::get_opt) returns `None` instead.
            pub fn get(&self) -> $crate::transfer::stat::StatRequest {
                self.stat()
            }

            /// Reads the metadata of the object. Returns `None` if the object, the reference or the repository does not
            /// exist.
            pub fn get_opt(&self) -> $crate::request::Request<Option<$crate::models::ObjectStats>> {
                $crate::request::Request::new(&self.0, |object| {
                    $crate::transfer::stat::StatRequest::new(object).send()
                })
                .optional()
            }

            /// Checks whether the object exists.
            pub fn exists(&self) -> $crate::request::Request<bool> {
                // Not a HEAD request: its response has no body, so a 404 of a wrong endpoint would look the same.
                $crate::request::Request::new(&self.0, |object| {
                    $crate::transfer::stat::StatRequest::new(object).user_metadata(false).send()
                })
                .found()
            }

            /// Reads the headers that a read of the object returns: size, media type, ETag, modification time.
            ///
            /// # Errors
            /// [`NotFound`](crate::ErrorKind::NotFound): the object or the reference does not exist. The message is only
            /// the HTTP status, because the response has no body.
            pub fn head(&self) -> $crate::transfer::read::head::HeadRequest {
                $crate::transfer::read::head::HeadRequest::new(self.0.clone())
            }

            /// Copies the object to a path on a branch of the same repository, with its media type and user metadata.
            /// The server copies the data; they are not downloaded. The copy is an uncommitted change until you commit.
            ///
            /// ```
            /// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
            /// let released = repository.tag("v1").object("model.bin");
            /// released.copy_to("main", "models/v1.bin").await?;
            /// # Ok(())
            /// # }
            /// ```
            ///
            /// # Errors
            /// [`NotFound`](crate::ErrorKind::NotFound): the object or the branch does not exist.
            /// [`WriteProtected`](crate::ErrorKind::WriteProtected): the branch is protected, or the repository is
            /// read-only. [`InvalidRequest`](crate::ErrorKind::InvalidRequest): the branch belongs to another repository.
            pub fn copy_to(
                &self,
                branch: impl Into<$crate::ref_expr::BranchName>,
                path: impl Into<String>,
            ) -> $crate::requests::copy_object::CopyObjectRequest {
                let (source, branch) = (self.0.clone(), branch.into());
                $crate::requests::copy_object::CopyObjectRequest::new(source, branch, path.into())
            }

            /// Reads the properties of the object in the storage, such as its storage class.
            ///
            /// # Errors
            /// [`NotFound`](crate::ErrorKind::NotFound): the object or the reference does not exist.
            pub fn underlying_properties(
                &self,
            ) -> $crate::request::Request<$crate::models::UnderlyingObjectProperties> {
                $crate::request::Request::new(&self.0, |object| async move {
                    let request =
                        object.api().get_underlying_properties().repository(object.repository().name());
                    let request = request.ref_(object.reference().expression()).path(object.path());
                    Ok(request.send().await?.into_inner())
                })
            }
        }

        /// The `lakefs://` URI of the object.
        impl std::fmt::Display for $handle {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.uri().fmt(f)
            }
        }
    };
}

pub(crate) use read_methods;

/// A handle to an object at a reference, to read it or copy it to a branch. The object may not exist.
///
/// [`Tag::object`](crate::Tag::object), [`Reference::object`](crate::Reference::object) and
/// [`Client::object`](crate::Client::object) return it. To write an object, use [`Branch::object`](crate::Branch::object),
/// which returns a [`BranchObject`].
///
/// A path has 1 to 1024 bytes. The server neither decodes nor normalizes it.
///
/// The handle sends no requests by itself, and is cheap to clone. Two handles are equal if they name the same path at the
/// same reference of the same server.
///
/// ```
/// # async fn example(repository: lakefs::Repository) -> lakefs::Result<()> {
/// let object = repository.tag("v1").object("data.csv");
/// println!("{object}: {} bytes", object.read().await?.len());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Object(ObjectScope);

read_methods!(Object);

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Object({self})")
    }
}

/// The object of a branch, without the methods that write it.
impl From<BranchObject> for Object {
    fn from(object: BranchObject) -> Self {
        Self::from_scope(object.into_scope())
    }
}

/// The object of a branch, without the methods that write it.
impl From<&BranchObject> for Object {
    fn from(object: &BranchObject) -> Self {
        object.clone().into()
    }
}
