//! Labelled pictures: a folder tree, with categories from its folders or from a CSV.
//!
//! [`LabelledFolder::read`] walks the tree. Without a [`LabelTable`] the folder that a picture is in
//! is its category; with one, the table says. What cannot be used is listed with its reason and does
//! not end the walk; nothing usable at all is a [`LabelError`]. Whether a file really holds a picture
//! shows only when it is embedded.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Serialize;
use walkdir::WalkDir;

use crate::label_table::LabelTable;

/// Files that count as pictures, by the end of their name.
const EXTENSIONS: [&str; 12] = [
    "jpg", "jpeg", "jpe", "jfif", "pjpeg", "png", "webp", "gif", "bmp", "tif", "tiff", "avif",
];

/// A picture file and what it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelledPicture {
    /// The file.
    pub path: PathBuf,
    /// The same below the folder that was read, with `/` between folders.
    pub name: String,
    /// What it shows.
    pub label: String,
}

/// Something that could not be used, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Skipped {
    /// A file, or a line of a table.
    pub what: String,
    /// Why not.
    pub reason: String,
}

/// The labelled pictures of a folder tree, in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelledFolder {
    /// The folder.
    pub root: PathBuf,
    /// Its pictures; never empty.
    pub pictures: Vec<LabelledPicture>,
    /// Pictures and folders that could not be used.
    pub skipped: Vec<Skipped>,
    /// Files that are no pictures by name.
    pub other_files: usize,
    /// Rows of the label table that found a picture here.
    pub(crate) rows: BTreeSet<usize>,
}

/// Why a folder or a table has no labelled pictures.
#[derive(Debug, thiserror::Error)]
pub enum LabelError {
    /// The path is not a folder.
    #[error("{0:?} is not a folder")]
    NotAFolder(PathBuf),
    /// A file or folder cannot be read.
    #[error("cannot read {path:?}: {source}")]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The folder has no picture files.
    #[error(
        "{folder:?} has no pictures: expected files that end in {endings}, found {others} others",
        endings = EXTENSIONS.join(", ")
    )]
    NoPictures {
        /// The folder.
        folder: PathBuf,
        /// Files in it that are no pictures by name.
        others: usize,
    },
    /// No picture is in a folder of its category.
    #[error(
        "{folder:?} has no categories: expected a folder for each with its pictures inside, found \
         {pictures} pictures directly in it; sort them into folders or name a CSV of labels"
    )]
    NoCategories {
        /// The folder.
        folder: PathBuf,
        /// Pictures directly in it.
        pictures: usize,
    },
    /// The table names none of the pictures of a folder.
    #[error(
        "{table:?} names none of the {pictures} pictures in {folder:?}: its column \"image\" has to \
         hold their paths, such as {example:?}"
    )]
    NoneNamed {
        /// The table.
        table: PathBuf,
        /// The folder.
        folder: PathBuf,
        /// Pictures in it.
        pictures: usize,
        /// The path of one of them.
        example: String,
    },
    /// The table lacks a column.
    #[error("{table:?} has no column {expected}, only {found}")]
    MissingColumn {
        /// The table.
        table: PathBuf,
        /// The column, quoted, or those that would do.
        expected: String,
        /// The columns it has.
        found: String,
    },
    /// The table is no table.
    #[error("{table:?} is no UTF-8 CSV file with a header: {reason}")]
    NotATable {
        /// The file.
        table: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The table has a header and no labels.
    #[error("{table:?} labels no pictures: {lines} lines below its header, none usable")]
    EmptyTable {
        /// The table.
        table: PathBuf,
        /// Lines that could not be used.
        lines: usize,
    },
}

impl LabelledFolder {
    /// Reads a folder tree; symbolic links are followed. Without a table a picture directly in the
    /// folder has no category and is skipped, with one a picture that it does not name.
    ///
    /// # Errors
    /// When the folder cannot be read or has nothing to use, see [`LabelError`].
    pub fn read(root: &Path, table: Option<&LabelTable>) -> Result<Self, LabelError> {
        if !root.is_dir() {
            return Err(LabelError::NotAFolder(root.to_owned()));
        }
        let root = root
            .canonicalize()
            .map_err(|source| LabelError::Unreadable {
                path: root.to_owned(),
                source,
            })?;
        let mut folder = Self {
            root,
            pictures: Vec::new(),
            skipped: Vec::new(),
            other_files: 0,
            rows: BTreeSet::new(),
        };
        let files = folder.walk();
        let Some(example) = files.first().cloned() else {
            return Err(LabelError::NoPictures {
                others: folder.other_files,
                folder: folder.root,
            });
        };
        let found = files.len();
        for path in files {
            folder.add(path, table);
        }
        if !folder.pictures.is_empty() {
            return Ok(folder);
        }
        Err(match table {
            Some(table) => LabelError::NoneNamed {
                table: table.path().to_owned(),
                example: folder.name(&example),
                folder: folder.root,
                pictures: found,
            },
            None => LabelError::NoCategories {
                folder: folder.root,
                pictures: found,
            },
        })
    }

    /// The labels that occur, in order.
    pub fn labels(&self) -> BTreeSet<&str> {
        let labels = self.pictures.iter().map(|picture| picture.label.as_str());
        labels.collect()
    }

    /// The picture files; notes what cannot be read.
    fn walk(&mut self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let walk = WalkDir::new(&self.root)
            .follow_links(true)
            .sort_by_file_name();
        for entry in walk {
            match entry {
                Ok(entry) if !entry.file_type().is_file() => {}
                Ok(entry) if is_picture(entry.path()) => files.push(entry.into_path()),
                Ok(_) => self.other_files += 1,
                Err(error) => self.skipped.push(Skipped {
                    what: error
                        .path()
                        .map_or_else(String::new, |path| self.name(path)),
                    reason: error
                        .io_error()
                        .map_or_else(|| error.to_string(), ToString::to_string),
                }),
            }
        }
        files
    }

    fn add(&mut self, path: PathBuf, table: Option<&LabelTable>) {
        let name = self.name(&path);
        let label = match table {
            Some(table) => match table.find(&self.root, &name) {
                Some((row, label)) => {
                    self.rows.insert(row);
                    Ok(label.to_owned())
                }
                None => Err("the table of labels does not name it"),
            },
            None => match path.parent().filter(|parent| *parent != self.root) {
                Some(parent) => Ok(file_name(parent)),
                None => Err("it is in no folder of a category"),
            },
        };
        match label {
            Ok(label) => self.pictures.push(LabelledPicture { path, name, label }),
            Err(reason) => self.skipped.push(Skipped {
                what: name,
                reason: reason.to_owned(),
            }),
        }
    }

    fn name(&self, path: &Path) -> String {
        let below = path.strip_prefix(&self.root).unwrap_or(path);
        let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
        parts.join("/")
    }
}

/// Whether a file is a picture by the end of its name.
pub fn is_picture(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|found| EXTENSIONS.iter().any(|e| e.eq_ignore_ascii_case(found)))
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        folder
    }

    fn pairs(folder: &LabelledFolder) -> Vec<(&str, &str)> {
        let pictures = folder.pictures.iter();
        pictures
            .map(|p| (p.name.as_str(), p.label.as_str()))
            .collect()
    }

    #[test]
    fn the_folder_that_a_picture_is_in_is_its_label() {
        let files = ["shoes/men/1.JPG", "hats/2.webp", "3.png", "hats/notes.txt"];
        let folder = folder(&files);
        let read = LabelledFolder::read(folder.path(), None).unwrap();
        assert_eq!(
            pairs(&read),
            [("hats/2.webp", "hats"), ("shoes/men/1.JPG", "men")]
        );
        assert_eq!(
            read.labels().into_iter().collect::<Vec<_>>(),
            ["hats", "men"]
        );
        assert_eq!((read.skipped.len(), read.other_files), (1, 1));
        assert_eq!(read.skipped[0].what, "3.png");
    }

    #[test]
    fn folders_with_nothing_to_use_say_what_they_have() {
        let read = |files| {
            let folder = folder(files);
            LabelledFolder::read(folder.path(), None)
                .unwrap_err()
                .to_string()
        };
        assert!(read(&["a.txt", "b/c.csv"]).contains("found 2 others"));
        assert!(read(&["a.jpg", "b.jpg"]).contains("found 2 pictures directly in it"));
        let missing = LabelledFolder::read(Path::new("/no/such"), None).unwrap_err();
        assert_eq!(missing.to_string(), "\"/no/such\" is not a folder");
    }

    #[test]
    fn a_table_labels_what_it_names() {
        let folder = folder(&["train/1.jpg", "train/2.jpg", "train/sub/3.jpg"]);
        let csv = folder.path().join("labels.csv");
        let root = folder.path().join("train");
        std::fs::write(
            &csv,
            "image,label\ntrain/1.jpg,hat\nsub/3.jpg,shoe\ngone.jpg,hat\n",
        )
        .unwrap();
        let table = LabelTable::open(&csv, None).unwrap();
        let read = LabelledFolder::read(&root, Some(&table)).unwrap();
        assert_eq!(pairs(&read), [("1.jpg", "hat"), ("sub/3.jpg", "shoe")]);
        assert_eq!(read.skipped[0].what, "2.jpg");
        let missing = table.missing(&[&read]);
        assert_eq!(missing.len(), 1);
        assert_eq!(missing[0].what, "line 4: gone.jpg");

        std::fs::write(&csv, "image,label\nother/1.jpg,hat\n").unwrap();
        let table = LabelTable::open(&csv, None).unwrap();
        let error = LabelledFolder::read(&root, Some(&table)).unwrap_err();
        assert!(error.to_string().contains("such as \"1.jpg\""), "{error}");
    }
}
