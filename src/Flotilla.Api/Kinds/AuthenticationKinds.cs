namespace Flotilla.Api.Kinds;

/// <summary>Questions about who the caller is; answered, never stored.</summary>
public static class AuthenticationKinds
{
    public static readonly Kind SelfSubjectReview = new("authentication.k8s.io", "v1", "selfsubjectreviews", "SelfSubjectReview", Scope.Cluster) { Verbs = ["create"] };

    public static readonly Kind TokenReview = new("authentication.k8s.io", "v1", "tokenreviews", "TokenReview", Scope.Cluster) { Verbs = ["create"] };

    public static IEnumerable<Kind> All => [SelfSubjectReview, TokenReview];
}
