use std::path::Path;

/// File name extensions of images.
pub(crate) const EXTENSIONS: [&str; 12] = [
    "jpg", "jpeg", "jpe", "jfif", "pjpeg", "png", "webp", "gif", "bmp", "tif", "tiff", "avif",
];

/// True if a file is an image by its extension. The files `._*` that a Mac adds to archives are none.
pub fn is_image(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    if name.is_some_and(|name| name.starts_with("._")) {
        return false;
    }
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|found| EXTENSIONS.iter().any(|e| e.eq_ignore_ascii_case(found)))
}
