using System.Text.Json.Nodes;
using Flotilla.Api.Json;

namespace Flotilla.Api.Patching;

/// <summary>
/// The order of a merged list: elements that the patch names stand in the patch's order; those only the server has keep
/// theirs, each before the first named element that it preceded on the server. What is new goes before them.
/// </summary>
internal static class ElementOrder
{
    /// <param name="wanted">The patch's own elements, or those of its <c>$setElementOrder</c>.</param>
    /// <param name="original">The list before the merge.</param>
    /// <param name="key">null: the elements are compared as they are.</param>
    public static JsonArray Of(IEnumerable<JsonNode?> merged, JsonArray wanted, JsonArray? original, string? key)
    {
        int Place(JsonArray? list, JsonNode? item)
        {
            for (var i = 0; i < (list?.Count ?? 0); i++)
            {
                if (key is null ? list![i].SameAs(item) : (list![i] as JsonObject)?[key].SameAs((item as JsonObject)?[key]) == true)
                {
                    return i;
                }
            }

            return -1;
        }

        var items = merged.Select(item => item?.DeepClone()).ToList();
        var named = new Queue<JsonNode?>(items.Where(item => Place(wanted, item) >= 0).OrderBy(item => Place(wanted, item)));
        var others = new Queue<JsonNode?>(items.Where(item => Place(wanted, item) < 0).OrderBy(item => Place(original, item)));
        var result = new JsonArray();
        while (named.Count > 0 && others.Count > 0)
        {
            var (left, right) = (Place(original, others.Peek()), Place(original, named.Peek()));
            result.Add(left >= 0 && right >= 0 && left < right ? others.Dequeue() : named.Dequeue());
        }

        foreach (var item in named.Concat(others))
        {
            result.Add(item);
        }

        return result;
    }
}
