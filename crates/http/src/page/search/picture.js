// A shopper's picture, as it is sent

// A body reaches a Lambda function in base64 and may have 6 MB there: 4.4 MB of picture.
const MAX_BYTES = 4.4e6;
// Below both, a picture is sent as it is; above, the network sees 224 pixels of it anyway.
const GOOD_BYTES = 1e6;
const GOOD_SIDE = 1024;
// A small part of a large photo keeps more of its pixels.
const MOST_SIDE = 2560;
const UNDERSTOOD = ["image/jpeg", "image/png", "image/webp", "image/gif", "image/avif"];

// Whatever the browser can show: some show formats in pages, such as HEIC and SVG, that they do not give to scripts.
async function decoded(file) {
  try {
    return await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    const image = new Image();
    image.src = URL.createObjectURL(file);
    try {
      await image.decode();
      if (!image.width) throw new Error("an image without a size");
      return image;
    } finally {
      setTimeout(() => URL.revokeObjectURL(image.src), 1e4);
    }
  }
}

// Large photos are made smaller here: they travel faster, and find the same. What the service does not read becomes JPEG.
async function bodyOf(file, crop) {
  let bitmap;
  try {
    bitmap = await decoded(file);
  } catch {
    if (file.size <= MAX_BYTES) return file;
    throw new Problem(
      "The picture is too large",
      "This browser cannot make it smaller. Use one of at most 4.4 MB."
    );
  }
  const { width, height } = bitmap;
  const side = Math.max(width, height);
  if (file.size <= GOOD_BYTES && side <= 4 * GOOD_SIDE && UNDERSTOOD.includes(file.type)) {
    bitmap.close?.();
    return file;
  }
  const part = crop ? Math.max(crop[2] * width, crop[3] * height) : side;
  const scale = Math.min(1, GOOD_SIDE / part, MOST_SIDE / side);
  const canvas = make("canvas", {
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale))
  });
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close?.();
  const smaller = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.92));
  return smaller && smaller.size <= MAX_BYTES ? smaller : file;
}

function nameOf(file) {
  return file.name && file.name !== "image.png" ? file.name : "Your picture";
}
