// Menus above the table of recipes, made of the table itself. Without scripts the table is whole.
(() => {
  const bar = document.getElementById('zoo-filter');
  const table = document.querySelector('.md-content table');
  const rows = [...table.tBodies[0].rows];
  const heads = [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim());
  const shown = document.createElement('output');
  const menus = ['Task', 'Data', 'Size'].map((name) => {
    const column = heads.indexOf(name);
    const values = [...new Set(rows.map((row) => row.cells[column].textContent.trim()))];
    const menu = document.createElement('select');
    menu.append(new Option('all', ''), ...values.map((value) => new Option(value, value)));
    menu.fits = (row) => !menu.value || row.cells[column].textContent.trim() === menu.value;
    return [name, menu];
  });
  const text = document.createElement('input');
  text.type = 'search';
  text.fits = (row) => row.textContent.toLowerCase().includes(text.value.toLowerCase());
  const weights = document.createElement('input');
  weights.type = 'checkbox';
  weights.fits = (row) =>
    !weights.checked || row.cells[heads.indexOf('Public weights')].querySelector('a') !== null;
  const fields = [...menus, ['Name', text], ['With weights', weights]];
  const update = () => {
    for (const row of rows) row.hidden = !fields.every(([, field]) => field.fits(row));
    const count = rows.filter((row) => !row.hidden).length;
    shown.textContent = `${count} of ${rows.length} recipes`;
  };
  for (const [name, field] of fields) {
    const label = document.createElement('label');
    label.append(name, field);
    field.addEventListener('input', update);
    bar.append(label);
  }
  bar.append(shown);
  update();
})();
