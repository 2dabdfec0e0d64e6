use std::path::Path;

/// Files that count as images, by the end of their name.
pub(crate) const EXTENSIONS: [&str; 12] = [
    "jpg", "jpeg", "jpe", "jfif", "pjpeg", "png", "webp", "gif", "bmp", "tif", "tiff", "avif",
];

/// True if a file is an image by the end of its name.
pub fn is_image(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|found| EXTENSIONS.iter().any(|e| e.eq_ignore_ascii_case(found)))
}
