//! Labeled images: a folder tree, with categories from its folders or from a CSV.
//!
//! [`LabeledFolder::read`] walks the tree. Without a [`LabelTable`], the folder of an image is its
//! category; with one, the table decides. Unusable files are listed with their reason and do not
//! end the walk; nothing usable at all is a [`LabelError`]. Files are opened only when they are
//! embedded.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

pub use crate::image_files::is_image;
pub use crate::label_error::LabelError;
use crate::label_table::LabelTable;
pub use crate::labeled_image::{LabeledImage, SEPARATOR, labels_of};
pub use crate::skipped::Skipped;

/// The labeled images of a folder tree, in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabeledFolder {
    /// The folder.
    pub root: PathBuf,
    /// Its images; never empty.
    pub images: Vec<LabeledImage>,
    /// Images and folders that could not be used.
    pub skipped: Vec<Skipped>,
    /// Number of files without an image extension.
    pub other_files: usize,
    /// Rows of the label table that found an image here.
    pub(crate) rows: BTreeSet<usize>,
}

impl LabeledFolder {
    /// Reads a folder tree; symbolic links are followed. Without a table, an image directly in the
    /// folder has no category and is skipped; with one, an image that it does not name.
    ///
    /// # Errors
    /// If the folder cannot be read or contains nothing usable, see [`LabelError`].
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
            images: Vec::new(),
            skipped: Vec::new(),
            other_files: 0,
            rows: BTreeSet::new(),
        };
        let files = folder.walk();
        let Some(example) = files.first().cloned() else {
            return Err(LabelError::NoImages {
                others: folder.other_files,
                folder: folder.root,
            });
        };
        let found = files.len();
        for path in files {
            folder.add(path, table);
        }
        if !folder.images.is_empty() {
            return Ok(folder);
        }
        Err(match table {
            Some(table) => LabelError::NoneNamed {
                table: table.path().to_owned(),
                example: folder.name(&example),
                folder: folder.root,
                images: found,
            },
            None => LabelError::NoCategories {
                folder: folder.root,
                images: found,
            },
        })
    }

    /// Returns images that are stored elsewhere, as if they were below `root`.
    pub fn of_images(root: &Path, images: Vec<LabeledImage>, skipped: Vec<Skipped>) -> Self {
        Self {
            root: root.to_owned(),
            images,
            skipped,
            other_files: 0,
            rows: BTreeSet::new(),
        }
    }

    /// Returns the labels that occur, in order.
    pub fn labels(&self) -> BTreeSet<&str> {
        self.images.iter().flat_map(LabeledImage::labels).collect()
    }

    /// Returns the image files; notes what cannot be read.
    fn walk(&mut self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let walk = WalkDir::new(&self.root)
            .follow_links(true)
            .sort_by_file_name();
        for entry in walk {
            match entry {
                Ok(entry) if !entry.file_type().is_file() => {}
                Ok(entry) if is_image(entry.path()) => files.push(entry.into_path()),
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
        let mut product = None;
        let label = match table {
            Some(table) => match table.find(&self.root, &name) {
                Some(found) => {
                    self.rows.insert(found.row);
                    product = found.product.map(str::to_owned);
                    Ok(found.label.to_owned())
                }
                None => Err("the table of labels does not name it"),
            },
            None => match path.parent().filter(|parent| *parent != self.root) {
                Some(parent) => Ok(file_name(parent)),
                None => Err("it is in no folder of a category"),
            },
        };
        match label {
            Ok(label) => self.images.push(LabeledImage {
                path,
                name,
                label,
                product,
            }),
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

impl LabelTable {
    /// Lists the images that the table names and none of the folders contains.
    pub fn missing(&self, folders: &[&LabeledFolder]) -> Vec<Skipped> {
        self.missing_rows(|row| folders.iter().any(|folder| folder.rows.contains(&row)))
    }
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

    fn pairs(folder: &LabeledFolder) -> Vec<(&str, &str)> {
        let images = folder.images.iter();
        images
            .map(|p| (p.name.as_str(), p.label.as_str()))
            .collect()
    }

    #[test]
    fn the_folder_that_a_image_is_in_is_its_label() {
        let files = ["shoes/men/1.JPG", "hats/2.webp", "3.png", "hats/notes.txt"];
        let folder = folder(&files);
        let read = LabeledFolder::read(folder.path(), None).unwrap();
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
        assert_eq!(read.images[0].product, None);
    }

    #[test]
    fn errors_of_unusable_folders_describe_them() {
        let read = |files| {
            let folder = folder(files);
            LabeledFolder::read(folder.path(), None)
                .unwrap_err()
                .to_string()
        };
        assert!(read(&["a.txt", "b/c.csv"]).contains("found 2 others"));
        assert!(read(&["a.jpg", "b.jpg"]).contains("found 2 images directly in it"));
        let missing = LabeledFolder::read(Path::new("/no/such"), None).unwrap_err();
        assert_eq!(missing.to_string(), "\"/no/such\" is not a folder");
    }

    #[test]
    fn a_table_labels_what_it_names() {
        let folder = folder(&["train/1.jpg", "train/2.jpg", "train/sub/3.jpg"]);
        let csv = folder.path().join("labels.csv");
        let root = folder.path().join("train");
        std::fs::write(
            &csv,
            "image,label,product_id\ntrain/1.jpg,hat,h-1\nsub/3.jpg,shoe,\ngone.jpg,hat,h-2\n",
        )
        .unwrap();
        let table = LabelTable::open(&csv, None).unwrap();
        let read = LabeledFolder::read(&root, Some(&table)).unwrap();
        assert_eq!(pairs(&read), [("1.jpg", "hat"), ("sub/3.jpg", "shoe")]);
        let products: Vec<_> = read.images.iter().map(|i| i.product.as_deref()).collect();
        assert_eq!(products, [Some("h-1"), None]);
        assert_eq!(read.skipped[0].what, "2.jpg");
        let missing = table.missing(&[&read]);
        assert_eq!(missing.len(), 1);
        assert_eq!(missing[0].what, "line 4: gone.jpg");

        std::fs::write(&csv, "image,label\nother/1.jpg,hat\n").unwrap();
        let table = LabelTable::open(&csv, None).unwrap();
        let error = LabeledFolder::read(&root, Some(&table)).unwrap_err();
        assert!(error.to_string().contains("such as \"1.jpg\""), "{error}");
    }
}
