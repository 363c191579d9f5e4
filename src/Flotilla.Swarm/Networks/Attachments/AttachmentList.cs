using System.Text.Json;
using System.Text.RegularExpressions;
using Flotilla.Docker;
using Flotilla.Swarm.Definitions;
using k8s.Models;

namespace Flotilla.Swarm.Networks.Attachments;

/// <summary>
/// What a node says of its containers in networks of the swarm: an annotation of its Node, which it may write itself, and no other node may. Who
/// reads it believes no word of it that would mean more than containers of that node. Pure.
/// </summary>
internal static partial class AttachmentList
{
    private const int LongestId = 64;
    private const int MostNames = 64;

    /// <returns>null: the node never said anything.</returns>
    public static IReadOnlyList<SwarmAttachment>? Of(V1Node node)
    {
        if (node.GetAnnotation(SwarmApi.Attachments) is not { } text)
        {
            return null;
        }

        try
        {
            return [.. (JsonSerializer.Deserialize<List<SwarmAttachment?>>(text) ?? []).OfType<SwarmAttachment>().Where(IsWell).DistinctBy(one => AttachmentPlan.NameOf(one.Container)).Select(Named)];
        }
        catch (JsonException)
        {
            // A node that writes what it should not has no containers in any network.
            return [];
        }
    }

    public static string Text(IEnumerable<SwarmAttachment> all) => JsonSerializer.Serialize(all.OrderBy(one => one.Container, StringComparer.Ordinal));

    private static bool IsWell(SwarmAttachment one) =>
        one is { Container.Length: LongestId, Place.Length: <= LongestId, Networks: not null } && one.Container.All(char.IsAsciiHexDigitLower) && one.Place.All(char.IsAsciiHexDigitLower) && one.Networks.All(network => network is { Network: not null, Names: not null });

    // They are written one beside the other: what is no name would be read as two, or as one of another network.
    private static SwarmAttachment Named(SwarmAttachment one) =>
        one with { Networks = [.. one.Networks.Select(network => network with { Names = [.. network.Names.Where(name => name is not null && Name().IsMatch(name)).Take(MostNames)] })] };

    [GeneratedRegex("^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9_])?$", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Name();
}
