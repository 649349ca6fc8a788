export default ({ parentElement, data: json }) => {
    const { alt, labels, shares, texts, winner, best, sure } = JSON.parse(new TextDecoder().decode(json));
    const chart = parentElement.querySelector(".bars");
    chart.setAttribute("aria-label", alt);
    chart.classList.toggle("sure", sure);
    const [digit, percentage] = chart.querySelectorAll(".best > *");
    [digit.textContent, percentage.textContent] = best ?? ["", ""];
    digit.classList.toggle("narrow", digit.textContent.length > 1);
    chart.querySelectorAll(".label").forEach((label, place) => {
        label.textContent = labels[place];
    });
    chart.querySelectorAll(".track").forEach((track, place) => {
        const [bar, share] = track.children;
        bar.style.width = `${shares[place] ?? 0}%`;
        share.textContent = texts[place] ?? "";
        track.classList.toggle("winner", place === winner);
    });
};
