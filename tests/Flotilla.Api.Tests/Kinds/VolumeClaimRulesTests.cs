using Flotilla.Api.Json;

namespace Flotilla.Api.Tests.Kinds;

public sealed class VolumeClaimRulesTests
{
    [Fact]
    public void A_refused_change_of_a_claim_shows_what_differs()
    {
        var kind = Given.Kind("persistentvolumeclaims");
        var old = Given.Created(kind, """{"metadata":{"name":"c"},"spec":{"accessModes":["ReadWriteOnce"],"storageClassName":"a","resources":{"requests":{"storage":"1Gi"}}}}""");
        var changed = old.Copy();
        changed["spec"]!["storageClassName"] = "b";
        changed["spec"]!["volumeName"] = "v";
        var error = Assert.Single(Given.Errors(kind, changed, old));
        Assert.EndsWith(
            """
            for bound claims
            @@ -10,7 +10,7 @@
               }
              },
              "VolumeName": "v",
            - "StorageClassName": "a",
            + "StorageClassName": "b",
              "VolumeMode": "Filesystem",
              "DataSource": null,
              "DataSourceRef": null,

            """,
            error,
            StringComparison.Ordinal);
    }
}
