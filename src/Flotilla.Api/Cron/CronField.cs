using System.Globalization;

namespace Flotilla.Api.Cron;

/// <summary>The values that one field of a schedule allows, as bits.</summary>
/// <param name="IsAny">Written as a star: of the two fields for days it leaves the choice to the other one.</param>
internal readonly record struct CronField(ulong Values, bool IsAny)
{
    public bool Allows(int value) => (Values >> value & 1) != 0;

    public static CronField All(CronBounds bounds) => new(Bits(bounds.Low, bounds.High, 1), IsAny: true);

    public static CronField Only(int value) => new(1UL << value, IsAny: false);

    /// <exception cref="FormatException">Says what is wrong, in the words that users of cron libraries know.</exception>
    public static CronField Parse(string text, CronBounds bounds)
    {
        var (values, isAny) = (0UL, false);
        foreach (var part in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var field = ParsePart(part, bounds);
            values |= field.Values;
            isAny |= field.IsAny;
        }

        return new CronField(values, isAny);
    }

    private static CronField ParsePart(string part, CronBounds bounds)
    {
        var rangeAndStep = part.Split('/');
        var (low, high, isAny, isSingle) = ParseRange(rangeAndStep[0], part, bounds);
        var step = 1;
        switch (rangeAndStep.Length)
        {
            case 1:
                break;
            case 2:
                // "N/step" begins at N and has no end of its own.
                step = Number(rangeAndStep[1]);
                high = isSingle ? bounds.High : high;
                isAny &= step <= 1;
                break;
            default:
                throw new FormatException($"too many slashes: {part}");
        }

        return Wrong(low, high, step, bounds) is { } wrong
            ? throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"{wrong}: {part}"))
            : new CronField(Bits(low, high, step), isAny);
    }

    private static (int Low, int High, bool IsAny, bool IsSingle) ParseRange(string text, string part, CronBounds bounds)
    {
        var ends = text.Split('-');
        if (ends[0] is "*" or "?")
        {
            return (bounds.Low, bounds.High, true, ends.Length == 1);
        }

        var low = NumberOrName(ends[0], bounds);
        return ends.Length switch
        {
            1 => (low, low, false, true),
            2 => (low, NumberOrName(ends[1], bounds), false, false),
            _ => throw new FormatException($"too many hyphens: {part}"),
        };
    }

    private static string? Wrong(int low, int high, int step, CronBounds bounds) =>
        low < bounds.Low ? string.Create(CultureInfo.InvariantCulture, $"beginning of range ({low}) below minimum ({bounds.Low})")
        : high > bounds.High ? string.Create(CultureInfo.InvariantCulture, $"end of range ({high}) above maximum ({bounds.High})")
        : low > high ? string.Create(CultureInfo.InvariantCulture, $"beginning of range ({low}) beyond end of range ({high})")
        : step == 0 ? "step of range should be a positive number"
        : null;

    private static int NumberOrName(string text, CronBounds bounds)
    {
        var index = Array.IndexOf(bounds.Names, text.ToLowerInvariant());
        return index < 0 ? Number(text) : index + bounds.Low;
    }

    private static int Number(string text)
    {
        if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            throw new FormatException($"failed to parse int from {text}: strconv.Atoi: parsing \"{text}\": invalid syntax");
        }

        return number < 0
            ? throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"negative number ({number}) not allowed: {text}"))
            : number;
    }

    private static ulong Bits(int low, int high, int step)
    {
        var bits = 0UL;
        for (var value = low; value <= high; value += step)
        {
            bits |= 1UL << value;
        }

        return bits;
    }
}

/// <param name="Names">For the values from <paramref name="Low"/> on, in small letters.</param>
internal sealed record CronBounds(int Low, int High, params string[] Names)
{
    public static readonly CronBounds Minutes = new(0, 59);
    public static readonly CronBounds Hours = new(0, 23);
    public static readonly CronBounds DaysOfMonth = new(1, 31);
    public static readonly CronBounds Months = new(1, 12, "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec");
    public static readonly CronBounds DaysOfWeek = new(0, 6, "sun", "mon", "tue", "wed", "thu", "fri", "sat");
}
