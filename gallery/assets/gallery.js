// The one script of the gallery. Every page can be read without it.
(function () {
  "use strict";
  var byId = function (id) { return document.getElementById(id); };
  var all = function (selector, root) { return Array.prototype.slice.call((root || document).querySelectorAll(selector)); };

  function index() {
    var tools = byId("tools"), q = byId("q"), sort = byId("sort"), none = byId("none"), showing = byId("showing");
    if (!tools) return;
    var groups = all(".group").map(function (section) {
      return {
        section: section,
        list: section.querySelector("ul"),
        title: section.querySelector("h2").textContent.toLowerCase(),
        cards: all("li", section).map(function (li, i) {
          return { li: li, i: i, text: li.textContent.toLowerCase(), data: li.dataset };
        })
      };
    });
    var total = groups.reduce(function (n, g) { return n + g.cards.length; }, 0);

    function filter() {
      var words = q.value.toLowerCase().split(/\s+/).filter(Boolean), shown = 0;
      groups.forEach(function (g) {
        var inGroup = 0;
        g.cards.forEach(function (c) {
          var hit = words.every(function (w) { return c.text.indexOf(w) >= 0 || g.title.indexOf(w) >= 0; });
          c.li.hidden = !hit;
          if (hit) inGroup += 1;
        });
        g.section.hidden = !inGroup;
        shown += inGroup;
      });
      none.hidden = shown > 0;
      showing.textContent = "Showing " + shown.toLocaleString("en") + " of " + total.toLocaleString("en");
    }

    function order() {
      var key = sort.value;
      groups.forEach(function (g) {
        g.cards.sort(function (a, b) {
          var x = a.data[key] || "", y = b.data[key] || "", d = 0;
          if (key === "name") d = x < y ? -1 : x > y ? 1 : 0;
          else if (key === "date") d = x < y ? 1 : x > y ? -1 : 0;
          else if (key) d = (y === "" ? -Infinity : +y) - (x === "" ? -Infinity : +x);
          return d || a.i - b.i; // NaN, from two without a score, keeps the order
        });
        g.cards.forEach(function (c) { g.list.appendChild(c.li); });
      });
    }

    function remember() {
      var state = new URLSearchParams();
      if (q.value) state.set("q", q.value);
      if (sort.value) state.set("sort", sort.value);
      history.replaceState(null, "", "#" + state);
    }

    function recall() {
      var state = new URLSearchParams(location.hash.slice(1));
      q.value = state.get("q") || "";
      sort.value = state.get("sort") || "";
      if (sort.selectedIndex < 0) sort.value = "";
      order();
      filter();
    }

    tools.hidden = false;
    tools.addEventListener("submit", function (e) { e.preventDefault(); });
    q.addEventListener("input", function () { filter(); remember(); });
    sort.addEventListener("change", function () { order(); remember(); });
    byId("clear").addEventListener("click", function () { q.value = ""; filter(); remember(); q.focus(); });
    addEventListener("hashchange", recall);
    addEventListener("keydown", function (e) {
      if (e.ctrlKey || e.metaKey || e.altKey) return;
      if (e.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName)) {
        e.preventDefault();
        q.focus();
      } else if (e.key === "Escape" && document.activeElement === q) {
        q.value = "";
        filter();
        remember();
      }
    });
    recall();
  }

  function copyButtons() {
    all(".code").forEach(function (box) {
      var button = document.createElement("button"), code = box.querySelector("code");
      button.type = "button";
      button.className = "copy";
      button.textContent = "Copy";
      button.addEventListener("click", function () {
        var done = function (text) { return function () { button.textContent = text; }; };
        var select = function () { getSelection().selectAllChildren(code); done("Selected")(); };
        if (navigator.clipboard) navigator.clipboard.writeText(code.textContent).then(done("Copied"), select);
        else select();
        setTimeout(done("Copy"), 2000);
      });
      box.appendChild(button);
    });
  }

  index();
  copyButtons();
})();
