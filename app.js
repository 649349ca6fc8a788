// Stores the visitor's token in a cookie for a year: only a cookie survives a reload.
export default ({ data }) => {
    document.cookie = `digit_lab_owner=${data.token}; path=/; max-age=31536000; SameSite=Lax`;
};
