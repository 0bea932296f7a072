// How far a file is on its way. Without this the form is sent all the same, and the browser shows what it shows.
const form = document.getElementById("upload");
const line = document.getElementById("upload-progress");

if (form) {
  const field = form.elements.file;
  const size = (bytes) => {
    const unit = bytes < 1e6 ? "kilobyte" : bytes < 1e9 ? "megabyte" : "gigabyte";
    const value = bytes / { kilobyte: 1e3, megabyte: 1e6, gigabyte: 1e9 }[unit];
    return new Intl.NumberFormat(document.documentElement.lang, {
      style: "unit",
      unit,
      maximumFractionDigits: value < 100 ? 1 : 0,
    }).format(value);
  };
  field.addEventListener("change", () => {
    const [file] = field.files;
    field.setCustomValidity(file && file.size > Number(form.dataset.limit) ? form.dataset.tooLarge : "");
    field.reportValidity();
  });
  let busy = false;
  form.addEventListener("submit", (event) => {
    if (!field.files.length) return;
    event.preventDefault();
    if (busy) return;
    busy = true;
    const request = new XMLHttpRequest();
    const [bar] = line.getElementsByTagName("progress");
    const [said] = line.getElementsByTagName("span");
    line.hidden = false;
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      bar.value = loaded / total;
      said.textContent = `${size(loaded)} / ${size(total)}`;
    });
    request.addEventListener("load", () => {
      if (request.status < 400) {
        window.location.assign(request.responseURL);
        return;
      }
      const answer = new DOMParser().parseFromString(request.responseText, "text/html").getElementById("main");
      if (answer) document.getElementById("main").replaceWith(answer);
      else document.getElementById("refused").hidden = false;
    });
    request.addEventListener("loadend", () => {
      busy = false;
    });
    request.addEventListener("error", () => {
      line.hidden = true;
      document.getElementById("no-answer").hidden = false;
    });
    request.open("POST", form.action || window.location.href);
    request.send(new FormData(form));
  });
}
