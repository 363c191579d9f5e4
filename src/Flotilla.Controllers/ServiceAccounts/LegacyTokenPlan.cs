using System.Globalization;
using k8s.Models;

namespace Flotilla.Controllers.ServiceAccounts;

internal enum LegacyTokenStep
{
    Keep,
    Invalidate,
    Delete,
}

/// <summary>What becomes of a token that nobody uses. First it stops working; only much later it is gone.</summary>
internal static class LegacyTokenPlan
{
    public const string InvalidSince = "kubernetes.io/legacy-token-invalid-since";
    private const string LastUsed = "kubernetes.io/legacy-token-last-used";

    /// <param name="isInUse">Whether a pod mounts it.</param>
    public static LegacyTokenStep For(V1Secret secret, bool isInUse, TimeSpan period, DateTime now)
    {
        var labels = secret.Metadata.Labels ?? new Dictionary<string, string>();
        if (isInUse || secret.Metadata.CreationTimestamp + period > now || DayOf(labels, LastUsed) + period > now)
        {
            return LegacyTokenStep.Keep;
        }

        return DayOf(labels, InvalidSince) is not { } invalid ? LegacyTokenStep.Invalidate
            : invalid + period > now ? LegacyTokenStep.Keep
            : LegacyTokenStep.Delete;
    }

    private static DateTime? DayOf(IDictionary<string, string> labels, string name) =>
        labels.TryGetValue(name, out var text)
        && DateTime.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var day)
            ? day
            : null;
}
