using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.CustomResources;
using Flotilla.Api.Json;
using Flotilla.Server.Admission.Webhooks;
using Flotilla.Server.Http;
using Flotilla.Server.Objects;

namespace Flotilla.Server.CustomResources;

/// <summary>Asks the webhook of a definition to convert objects between its versions.</summary>
public sealed class ConversionWebhooks(WebhookClient client)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>The same objects in the same order, in <paramref name="apiVersion"/>.</summary>
    /// <exception cref="ApiException">500: the webhook failed or changed what it must not.</exception>
    public async Task<IReadOnlyList<JsonObject>> ConvertAsync(CustomResource custom, IReadOnlyList<JsonObject> objects, string apiVersion, CancellationToken cancellationToken)
    {
        var webhook = custom.Definition.Object("spec").Object("conversion").Object("webhook");
        var uid = Guid.NewGuid().ToString();
        var review = new JsonObject
        {
            ["kind"] = "ConversionReview",
            ["apiVersion"] = "apiextensions.k8s.io/v1",
            ["request"] = new JsonObject { ["uid"] = uid, ["desiredAPIVersion"] = apiVersion, ["objects"] = new JsonArray([.. objects.Select(value => value.DeepClone())]) },
        };
        var from = objects[0].String("apiVersion");
        JsonObject response;
        try
        {
            var answer = await client.PostAsync(WebhookTarget.From(webhook.Object("clientConfig") ?? []), Limit, StoredObject.Serialize(review), cancellationToken);
            response = (GoJson.Parse(answer) as JsonObject).Object("response") ?? throw new WebhookCallException("Webhook response was absent");
        }
        catch (Exception error) when (error is WebhookCallException or GoJsonException)
        {
            throw Failures.Internal($"conversion webhook for {from}, Kind={objects[0].String("kind")} failed: {error.Message}");
        }

        return Check(custom, objects, apiVersion, response, uid);
    }

    private static List<JsonObject> Check(CustomResource custom, IReadOnlyList<JsonObject> objects, string apiVersion, JsonObject response, string uid)
    {
        Exception Wrong(string what) => Failures.Internal($"conversion webhook for {objects[0].String("apiVersion")}, Kind={objects[0].String("kind")} failed: {what}");
        if (response.Object("result").String("status") != "Success")
        {
            throw Wrong(response.Object("result").String("message") is { Length: > 0 } message ? message : "no message provided");
        }

        var converted = response.Objects("convertedObjects").ToList();
        if (response.String("uid") != uid || converted.Count != objects.Count)
        {
            throw Wrong($"expected {objects.Count} converted objects for request {uid}, got {converted.Count}");
        }

        var results = new List<JsonObject>();
        foreach (var (before, after) in objects.Zip(converted))
        {
            var (old, metadata) = (before.Object("metadata"), after.Object("metadata"));
            if (after.String("apiVersion") != apiVersion || metadata.String("name") != old.String("name") || metadata.String("namespace") != old.String("namespace") || metadata.String("uid") != old.String("uid"))
            {
                throw Wrong($"invalid converted object: identity of {old.String("name")} in {custom.Group} must be kept and apiVersion must be {apiVersion}");
            }

            // Of the metadata only labels and annotations are the webhook's to change.
            var kept = old!.Copy();
            foreach (var name in (ReadOnlySpan<string>)["labels", "annotations"])
            {
                kept.Remove(name);
                if (metadata?[name] is { } value)
                {
                    kept[name] = value.DeepClone();
                }
            }

            var result = after.Copy();
            result["metadata"] = kept;
            results.Add(result);
        }

        return results;
    }
}
