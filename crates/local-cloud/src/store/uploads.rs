//! Multipart uploads.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use s3s::crypto::{Checksum as _, Md5};
use serde::{Deserialize, Serialize};

use super::version::Stamp;
use super::{Attributes, Content, Draft, StoreError};

const DESCRIPTION: &str = "upload.json";
/// Minimum bytes of every part except the last.
const MIN_PART_BYTES: u64 = 5 << 20;

/// Multipart uploads that are neither completed nor aborted: a folder for each, with a description
/// and one file per part, `part-<number>-<MD5>`.
#[derive(Debug)]
pub(crate) struct Uploads {
    root: PathBuf,
}

/// The description of an upload, written at its start.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct UploadInfo {
    pub(crate) bucket: String,
    pub(crate) key: String,
    /// Time of the start, nanoseconds since 1970.
    pub(crate) initiated: i64,
    pub(crate) attributes: Attributes,
}

/// An uploaded part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartInfo {
    pub(crate) number: i32,
    /// ETag without quotes.
    pub(crate) etag: String,
    pub(crate) stamp: Stamp,
    path: PathBuf,
}

impl Uploads {
    /// Opens the folder, and removes uploads whose start was cut off.
    pub(crate) fn open(root: &Path) -> io::Result<Self> {
        fs::create_dir_all(root)?;
        for entry in fs::read_dir(root)? {
            let path = entry?.path();
            if path.is_dir() && !path.join(DESCRIPTION).is_file() {
                fs::remove_dir_all(path)?;
            }
        }
        Ok(Self {
            root: root.to_owned(),
        })
    }

    /// Starts an upload and returns its id.
    pub(crate) fn start(&self, info: &UploadInfo) -> Result<String, StoreError> {
        let id = format!("{:032x}", rand::random::<u128>());
        let folder = self.root.join(&id);
        fs::create_dir(&folder)?;
        let fresh = folder.join("new");
        serde_json::to_writer(File::create_new(&fresh)?, info).map_err(io::Error::from)?;
        fs::rename(fresh, folder.join(DESCRIPTION))?;
        Ok(id)
    }

    /// Returns the upload `id`, which must be one of this bucket and key.
    pub(crate) fn find(&self, id: &str, bucket: &str, key: &str) -> Result<UploadInfo, StoreError> {
        let missing = || StoreError::NoSuchUpload(id.to_owned());
        let is_id = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_id {
            return Err(missing());
        }
        match read_description(&self.root.join(id))? {
            Some(info) if info.bucket == bucket && info.key == key => Ok(info),
            _ => Err(missing()),
        }
    }

    /// Returns the uploads of a bucket with their ids, ordered by key and start.
    pub(crate) fn list(&self, bucket: &str) -> Result<Vec<(String, UploadInfo)>, StoreError> {
        let mut uploads = Vec::new();
        for entry in fs::read_dir(&self.root)? {
            let entry = entry?;
            let Ok(id) = entry.file_name().into_string() else {
                continue;
            };
            match read_description(&entry.path())? {
                Some(info) if info.bucket == bucket => uploads.push((id, info)),
                _ => {}
            }
        }
        uploads.sort_by(|(_, a), (_, b)| (&a.key, a.initiated).cmp(&(&b.key, b.initiated)));
        Ok(uploads)
    }

    /// Keeps `content` as a part, replacing one with the same number.
    pub(crate) fn add_part(
        &self,
        id: &str,
        number: i32,
        content: &Content,
    ) -> Result<(), StoreError> {
        let name = format!("part-{number:05}-{}", content.etag());
        let path = self.root.join(id).join(name);
        fs::rename(content.path(), &path).map_err(|error| gone(error, id))?;
        for part in self.parts(id)? {
            if part.number == number && part.path != path {
                fs::remove_file(part.path).or_else(ignore_missing)?;
            }
        }
        Ok(())
    }

    /// Returns the parts of an upload, by number.
    pub(crate) fn parts(&self, id: &str) -> Result<Vec<PartInfo>, StoreError> {
        let mut parts = Vec::new();
        for entry in fs::read_dir(self.root.join(id)).map_err(|error| gone(error, id))? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_str().and_then(|name| name.strip_prefix("part-"));
            let Some((number, etag)) = name.and_then(|name| name.split_once('-')) else {
                continue;
            };
            let (Ok(number), Ok(metadata)) = (number.parse(), entry.metadata()) else {
                continue;
            };
            let stamp = Stamp::of(&metadata)?;
            parts.push(PartInfo {
                number,
                etag: etag.to_owned(),
                stamp,
                path: entry.path(),
            });
        }
        parts.sort_by_key(|part| part.number);
        Ok(parts)
    }

    /// Writes the requested parts (number and ETag) one after the other, and returns the ETag of
    /// the whole: the MD5 of the parts' MD5s and their number.
    pub(crate) fn assemble(
        &self,
        id: &str,
        wanted: &[(i32, String)],
        mut draft: Draft,
    ) -> Result<(Content, String), StoreError> {
        let parts = self.choose(id, wanted)?;
        let mut md5s = Md5::new();
        let mut buffer = vec![0; 1 << 18];
        for part in &parts {
            let mut md5 = Md5::new();
            let mut file = File::open(&part.path).map_err(|error| gone(error, id))?;
            loop {
                let read = file.read(&mut buffer)?;
                if read == 0 {
                    break;
                }
                md5.update(&buffer[..read]);
                draft.write(&buffer[..read])?;
            }
            md5s.update(&md5.finalize());
        }
        let etag = format!("{}-{}", hex::encode(md5s.finalize()), parts.len());
        Ok((draft.finish()?, etag))
    }

    fn choose(&self, id: &str, wanted: &[(i32, String)]) -> Result<Vec<PartInfo>, StoreError> {
        for pair in wanted.windows(2) {
            let (previous, next) = (pair[0].0, pair[1].0);
            if previous >= next {
                return Err(StoreError::InvalidPartOrder { previous, next });
            }
        }
        let parts = self.parts(id)?;
        let find = |(number, etag): &(i32, String)| {
            let part = parts
                .iter()
                .find(|part| part.number == *number && part.etag == *etag);
            part.cloned()
                .ok_or(StoreError::InvalidPart { number: *number })
        };
        let chosen = wanted.iter().map(find).collect::<Result<Vec<_>, _>>()?;
        let but_last = chosen.len().saturating_sub(1);
        match chosen
            .iter()
            .take(but_last)
            .find(|part| part.stamp.size < MIN_PART_BYTES)
        {
            Some(part) => Err(StoreError::PartTooSmall {
                number: part.number,
                size: part.stamp.size,
            }),
            None => Ok(chosen),
        }
    }

    /// Removes an upload and its parts. The description is removed first: without it there is no
    /// upload, even if the rest stays.
    pub(crate) fn remove(&self, id: &str) -> Result<(), StoreError> {
        let folder = self.root.join(id);
        fs::remove_file(folder.join(DESCRIPTION)).or_else(ignore_missing)?;
        Ok(fs::remove_dir_all(folder).or_else(ignore_missing)?)
    }
}

fn read_description(folder: &Path) -> Result<Option<UploadInfo>, StoreError> {
    match fs::read(folder.join(DESCRIPTION)) {
        Ok(text) => Ok(Some(
            serde_json::from_slice(&text).map_err(io::Error::from)?,
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn ignore_missing(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound {
        Ok(())
    } else {
        Err(error)
    }
}

/// Makes the error of a missing folder: its upload was completed or aborted meanwhile.
fn gone(error: io::Error, id: &str) -> StoreError {
    if error.kind() == io::ErrorKind::NotFound {
        return StoreError::NoSuchUpload(id.to_owned());
    }
    error.into()
}
