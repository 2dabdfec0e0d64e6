use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::error::TrainingError;

/// A folder that appears complete or not at all: files are written to a temporary folder beside it,
/// which takes its name at the end.
#[derive(Debug)]
pub struct OutputFolder {
    folder: PathBuf,
    parent: PathBuf,
}

impl OutputFolder {
    /// Checks, before the work begins, that the folder is absent or empty and that its parent can
    /// be written; creates the parent if necessary.
    ///
    /// # Errors
    /// [`TrainingError::NotEmpty`] and [`TrainingError::Output`].
    pub fn new(folder: &Path) -> Result<Self, TrainingError> {
        let failed = |source| TrainingError::Output {
            path: folder.to_owned(),
            source,
        };
        match fs::read_dir(folder) {
            Ok(mut entries) => {
                if entries.next().is_some() {
                    return Err(TrainingError::NotEmpty {
                        folder: folder.to_owned(),
                    });
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        let whole = real_path(folder).map_err(failed)?;
        let parent = whole.parent().unwrap_or(&whole).to_owned();
        fs::create_dir_all(&parent).map_err(failed)?;
        let output = Self {
            folder: whole,
            parent,
        };
        output.temporary().map_err(failed)?;
        Ok(output)
    }

    /// Returns the path of the folder.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Writes all files, by name and content, and puts the folder in place.
    ///
    /// # Errors
    /// [`TrainingError::Output`]; nothing is left then.
    pub fn write(&self, files: &[(&str, &[u8])]) -> Result<(), TrainingError> {
        let failed = |path: &Path, source| TrainingError::Output {
            path: path.to_owned(),
            source,
        };
        let around = self
            .temporary()
            .map_err(|error| failed(&self.parent, error))?;
        // One level deeper: temporary folders are for their owner only, the result is for everyone.
        let temporary = around.path().join("result");
        fs::create_dir(&temporary).map_err(|error| failed(&temporary, error))?;
        for (name, content) in files {
            let written = File::create_new(temporary.join(name)).and_then(|mut file| {
                file.write_all(content)?;
                file.sync_all()
            });
            written.map_err(|error| failed(&self.folder.join(name), error))?;
        }
        // An empty folder is replaced; one that was filled meanwhile is not.
        match fs::remove_dir(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(failed(&self.folder, error));
            }
            _ => {}
        }
        fs::rename(&temporary, &self.folder).map_err(|error| failed(&self.folder, error))
    }

    fn temporary(&self) -> io::Result<tempfile::TempDir> {
        tempfile::Builder::new()
            .prefix(".lookalike-finetune-")
            .tempdir_in(&self.parent)
    }
}

/// Returns the path of a folder without links. The folder is replaced by name at the end, and a link
/// cannot be removed as a folder.
fn real_path(folder: &Path) -> io::Result<PathBuf> {
    match fs::canonicalize(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if fs::symlink_metadata(folder).is_ok() {
                return Err(io::Error::other(
                    "it is a link to a folder that does not exist",
                ));
            }
            std::path::absolute(folder)
        }
        found => found,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_folder_appears_complete_and_alone() {
        let around = tempfile::tempdir().unwrap();
        for target in [
            around.path().join("new/result"),
            around.path().join("empty"),
        ] {
            if target.ends_with("empty") {
                fs::create_dir(&target).unwrap();
            }
            let output = OutputFolder::new(&target).unwrap();
            output.write(&[("a.txt", b"a"), ("b.txt", b"bb")]).unwrap();
            assert_eq!(fs::read(target.join("b.txt")).unwrap(), b"bb");
            let beside = fs::read_dir(target.parent().unwrap()).unwrap();
            let hidden = beside.filter(|entry| {
                let name = entry.as_ref().unwrap().file_name();
                name.to_string_lossy().starts_with('.')
            });
            assert_eq!(hidden.count(), 0);
            assert!(matches!(
                OutputFolder::new(&target),
                Err(TrainingError::NotEmpty { .. })
            ));
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_an_empty_folder_is_followed() {
        let around = tempfile::tempdir().unwrap();
        let (behind, link) = (
            around.path().join("there/result"),
            around.path().join("link"),
        );
        fs::create_dir_all(&behind).unwrap();
        std::os::unix::fs::symlink(&behind, &link).unwrap();
        let output = OutputFolder::new(&link).unwrap();
        output.write(&[("a.txt", b"a")]).unwrap();
        assert_eq!(fs::read(link.join("a.txt")).unwrap(), b"a");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_nothing_is_refused_before_the_work_begins() {
        let around = tempfile::tempdir().unwrap();
        let link = around.path().join("link");
        std::os::unix::fs::symlink(around.path().join("gone"), &link).unwrap();
        let refused = OutputFolder::new(&link).unwrap_err();
        assert!(
            refused
                .to_string()
                .contains("is a link to a folder that does not exist"),
            "{refused}"
        );
    }

    #[test]
    fn a_folder_that_appeared_meanwhile_is_left_alone() {
        let around = tempfile::tempdir().unwrap();
        let target = around.path().join("result");
        let output = OutputFolder::new(&target).unwrap();
        fs::create_dir(&target).unwrap();
        fs::write(target.join("theirs"), "").unwrap();
        assert!(output.write(&[("a.txt", b"a")]).is_err());
        assert_eq!(fs::read_dir(&target).unwrap().count(), 1);
        assert_eq!(fs::read_dir(around.path()).unwrap().count(), 1);
    }
}
