#version 330
// The same light as in software.py, line for line: change both or neither.
uniform vec3 eye;
uniform vec3 light_directions[3];
uniform vec3 light_colors[3];
uniform vec3 sky;
uniform vec3 ground;
centroid in vec3 position;
centroid in vec3 normal;
centroid in float openness;
centroid in vec3 color;
centroid in vec3 finish;  // roughness, specular, subsurface
out vec4 pixel;

const vec3 CREEP = vec3(0.32, 0.16, 0.11);
const float DIRECT_OCCLUSION = 0.80;
const float REFLECTANCE = 0.028;

vec3 lit(vec3 n, vec3 v, vec3 direction, vec3 light) {
    float facing = dot(n, direction);
    vec3 creep = CREEP * finish.z;
    vec3 diffuse = max(facing + creep, 0.0) / ((1.0 + creep) * (1.0 + creep));
    vec3 h = normalize(direction + v);
    float a = finish.x * finish.x;
    float nh = max(dot(n, h), 0.0);
    float lh = max(dot(direction, h), 0.1);
    float d = nh * nh * (a * a - 1.0) + 1.0;
    float away = 1.0 - lh;
    float fresnel = REFLECTANCE + (1.0 - REFLECTANCE) * away * away * away * away * away;
    float gloss = finish.y * fresnel * a * a / (4.0 * d * d * lh * lh) * max(facing, 0.0);
    return light * (color * diffuse + gloss);
}

void main() {
    vec3 n = normalize(normal) * (gl_FrontFacing ? 1.0 : -1.0);
    vec3 v = normalize(eye - position);
    vec3 open = openness / (1.0 - color * (1.0 - openness));
    vec3 light = color * open * mix(ground, sky, 0.5 + 0.5 * n.y);
    vec3 direct = vec3(0.0);
    for (int i = 0; i < 3; ++i) direct += lit(n, v, light_directions[i], light_colors[i]);
    light += direct * (1.0 - DIRECT_OCCLUSION * (1.0 - openness));
    vec3 shown = 1.0 - exp(-light);
    pixel = vec4(pow(shown, vec3(1.0 / 2.2)), 1.0);
}
