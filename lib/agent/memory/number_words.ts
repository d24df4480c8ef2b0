/** Numbers that are written as words. */
const ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen " +
  "seventeen eighteen nineteen";
const TENS = "twenty thirty forty fifty sixty seventy eighty ninety";

/** Ways to write a whole number from 0 to 130: its digits, and its words in English. */
export function writtenForms(number: number): string[] {
  const forms = [String(number)];
  const below100 = wordsBelow100(number % 100);
  if (number < 100) forms.push(below100);
  else if (number % 100 === 0) forms.push("a hundred", "one hundred");
  else {for (const hundred of ["a hundred", "one hundred"]) {
      forms.push(`${hundred} and ${below100}`, `${hundred} ${below100}`);
    }}
  return forms.flatMap((form) => form.includes("-") ? [form, form.replaceAll("-", " ")] : [form]);
}

function wordsBelow100(number: number): string {
  const ones = ONES.split(" ");
  if (number < 20) return ones[number];
  const ten = TENS.split(" ")[Math.floor(number / 10) - 2];
  return number % 10 === 0 ? ten : `${ten}-${ones[number % 10]}`;
}
